/* Draw every figure at its full width; printing scales it by style alone. */
"use strict";
Promise.all(
  FIGURES.map((figure, number) => {
    const layout = Object.assign({}, figure.layout, { width: 940, autosize: false });
    const config = { displaylogo: false, responsive: false, toImageButtonOptions: { format: "svg" } };
    return Plotly.newPlot("figure-" + number, figure.data, layout, config);
  })
).then(() => { document.documentElement.dataset.drawn = FIGURES.length; });
