# The tables that igsim psa writes for other tools, read and worked through in base R: Rscript exports.R RUN
#
# Ends with an error where they cannot be read as they are, or where R finds something else than the run folder says.
setwd(commandArgs(TRUE)[1])
costs <- read.csv("export_costs.csv")
effects <- read.csv("export_effects.csv")
parameters <- read.csv("export_parameters.csv")

for (table in list(costs, effects, parameters)) stopifnot(all(sapply(table, is.numeric)), !anyNA(table))
stopifnot(identical(dim(costs), dim(effects)), identical(names(costs), names(effects)))
stopifnot(nrow(parameters) == nrow(costs))
first_lines <- sapply(c("costs", "effects", "parameters"), function(name) readLines(paste0("export_", name, ".csv"), 1))
stopifnot(identical(unname(first_lines), sapply(list(costs, effects, parameters), function(t) paste(names(t), collapse = ","))))

close_to <- function(found, told, scale = max(1, abs(told))) stopifnot(abs(found - told) <= 1e-9 * scale)
thresholds <- read.csv("by_wtp.csv")
by_strategy <- read.csv("by_wtp_strategy.csv")
for (wtp in thresholds$wtp) {
  benefit <- as.matrix(wtp * effects - costs)
  best <- apply(benefit, 1, max)
  winners <- benefit == best
  told <- by_strategy[by_strategy$wtp == wtp, ]
  told <- told[match(names(costs), make.names(told$strategy)), ]
  close_to(colMeans(winners / rowSums(winners)), told$ceac)
  close_to(colMeans(benefit), told$expected_nmb)
  close_to(mean(best) - max(colMeans(benefit)), thresholds$evpi[thresholds$wtp == wtp], max(abs(benefit)))
}

rows <- read.csv("incremental.csv")
for (row in which(!is.na(rows$icer))) {
  s <- make.names(rows$strategy[row])
  c <- make.names(rows$comparator[row])
  close_to((mean(costs[[s]]) - mean(costs[[c]])) / (mean(effects[[s]]) - mean(effects[[c]])), rows$icer[row])
}

# Expected value of partial perfect information of single parameters, by additive models where mgcv is there. They are not
# shrunk and give a parameter that carries no signal a little, so those worth under a tenth of everything are left out.
compared <- 0
if (requireNamespace("mgcv", quietly = TRUE)) {
  ours <- read.csv("evppi.csv")
  ours <- ours[ours$kind == "parameter" & make.names(ours$name) %in% names(parameters) & ours$share_of_evpi > 0.1, ]
  for (row in seq_len(nrow(ours))) {
    benefit <- as.matrix(ours$wtp[row] * effects - costs)
    x <- parameters[[make.names(ours$name[row])]]
    fitted_to <- sapply(2:ncol(benefit), function(s) fitted(mgcv::gam(benefit[, s] - benefit[, 1] ~ s(x))))
    expected <- cbind(0, fitted_to)
    value <- mean(apply(expected, 1, max)) - max(colMeans(expected))
    stopifnot(abs(value - ours$evppi[row]) <= 2 * ours$standard_error[row] + 1e-6)
    compared <- compared + 1
  }
}
cat(nrow(thresholds), "thresholds,", compared, "EVPPI compared\n")
