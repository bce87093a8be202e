/* What runs in the browser: the address follows the controls, sliders and boxes follow each other, points pick out what
   they show, figures are saved. No library beside Dash and Plotly. */
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.igsim = (function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;

  function finite(value) {
    const number = value === null || value === undefined || value === "" ? NaN : Number(value);
    return Number.isFinite(number) ? number : null;
  }

  function moved(values, ids) {
    const found = {};
    ids.forEach((id, place) => {
      const value = finite(values[place]);
      if (id.key !== "wtp" && value !== null) found[id.key] = value;
    });
    return found;
  }

  function wtpOf(values, ids) {
    const place = ids.findIndex((id) => id.key === "wtp");
    return place < 0 ? null : finite(values[place]);
  }

  /* A slider and its box: whoever was moved moves the other. A number outside the slider's ends stays in the box. */
  function follow(slide, typed) {
    const trigger = window.dash_clientside.callback_context.triggered[0];
    if (!trigger) return [none(), none()];
    const isBox = trigger.prop_id.includes('"typed"');
    const value = finite(isBox ? typed : slide);
    if (value === null) return [none(), none()];
    return isBox ? [finite(slide) === value ? none() : value, none()] : [none(), finite(typed) === value ? none() : value];
  }

  /* The address says what is looked at, and the links of the navigation take it along. */
  function address(typed, against, strategy, patient, ids, context, pages) {
    if (!context) return pages.map(none);
    const parts = new URLSearchParams();
    if (context.look_at) parts.set("look_at", context.look_at);
    if (context.beside) parts.set("beside", context.beside);
    if (against) parts.set("against", against);
    if (strategy) parts.set("strategy", strategy);
    const wtp = wtpOf(typed, ids);
    if (wtp !== null && wtp !== context.wtp) parts.set("wtp", wtp);
    if (finite(patient)) parts.set("patient", finite(patient));
    const base = context.base || {};
    const own = Object.entries(Object.keys(base).length ? moved(typed, ids) : context.moved || {});
    own.filter(([key, value]) => value !== base[key]).sort().forEach(([key, value]) => parts.set("set." + key, value));
    const text = parts.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
    const search = text ? "?" + text : "";
    if (window.location.search !== search) {
      window.history.replaceState(window.history.state, "", window.location.pathname + search);
    }
    return pages.map((id) => "/" + id.page + search);
  }

  function back(clicks, ids, context) {
    const base = (context && context.base) || {};
    return ids.map((id) => (clicks && id.key in base ? base[id.key] : none()));
  }

  /* A point of a figure picks out its strategy, or follows its patient. */
  function pick(clicks, figures, ids, context) {
    const trigger = window.dash_clientside.callback_context.triggered[0];
    const strategies = context && context.strategies;
    if (!trigger || !trigger.value || !strategies) return [none(), none()];
    const id = JSON.parse(trigger.prop_id.slice(0, trigger.prop_id.lastIndexOf(".")));
    const place = ids.findIndex((other) => other.name === id.name);
    const point = trigger.value.points && trigger.value.points[0];
    if (place < 0 || !point) return [none(), none()];
    if (id.name.startsWith("patients")) {
      const patient = finite(Array.isArray(point.customdata) ? point.customdata[0] : point.customdata);
      return [none(), patient === null ? none() : patient];
    }
    const owner = ownerOf(figures[place].data, point);
    return [owner && strategies.some((each) => each.value === owner) ? owner : none(), none()];
  }

  function ownerOf(traces, point) {
    return traces[point.curveNumber] && traces[point.curveNumber].legendgroup;
  }

  /* The same for a figure that Dash knows nothing of; its traces are of strategies or of nobody. */
  function pickOut(traces, point) {
    const owner = ownerOf(traces, point);
    if (owner) window.dash_clientside.set_props("strategy", { value: owner });
  }

  /* Where a number stands in the scenario: it may be broken after its dots and dashes, and is copied without a break. */
  function pathOf(path) {
    const made = document.createElement("span");
    made.className = "path";
    path.split(/(?<=[._])/).forEach((piece, at) => {
      made.append(...(at ? [document.createElement("wbr"), piece] : [piece]));
    });
    return made;
  }

  /* Rows of the table of parameters, as text; those that contain what is looked for. */
  function find(text, rows) {
    const table = document.getElementById("table-parameters");
    if (!table || !rows) return none();
    const wanted = (text || "").toLowerCase();
    const body = document.createElement("tbody");
    let shown = 0;
    rows.forEach((cells) => {
      if (wanted && !cells.join(" ").toLowerCase().includes(wanted)) return;
      shown += 1;
      const row = body.insertRow();
      const [name, path, ...others] = cells;
      [name, ...others].forEach((cell, place) => {
        const made = document.createElement(place === 0 ? "th" : "td");
        if (place === 0) made.scope = "row";
        if (place !== 1) made.className = "left";
        const inner = place === 5 ? document.createElement("span") : made;
        inner.append(cell);
        if (place === 0) made.append(pathOf(path));
        if (place === 5) {
          inner.className = "badge " + cell.replace(/[^a-z]/g, "-");
          made.appendChild(inner);
        }
        row.appendChild(made);
      });
    });
    table.querySelectorAll("tbody").forEach((old) => old.remove());
    table.appendChild(body);
    return shown === rows.length ? "" : shown + " of " + rows.length + " numbers";
  }

  /* ------------------------------------------------------------ saving figures */

  function whole(plot) {
    const layout = JSON.parse(JSON.stringify(plot.layout));
    const kept = layout.meta || {};
    layout.title = kept.title;
    layout.margin = Object.assign({}, layout.margin, { t: kept.top || 92 });
    layout.height = kept.height || 560;
    delete layout.meta;
    delete layout.autosize;
    delete layout.width;
    return { data: plot.data, layout };
  }

  async function save(button) {
    const name = button.dataset.figure;
    const plot = document.querySelector("#figure-" + CSS.escape(name) + " .js-plotly-plot");
    if (!plot) return;
    const figure = whole(plot);
    if (button.dataset.format === "html") {
      const answer = await fetch("/figure.html", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(figure),
      });
      if (!answer.ok) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = name + ".html";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      return;
    }
    const png = button.dataset.format === "png";
    await window.Plotly.downloadImage(
      { data: figure.data, layout: figure.layout },
      { format: button.dataset.format, filename: name, width: 900, height: figure.layout.height, scale: png ? 2 : 1 },
    );
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-figure]");
    if (button) save(button);
  });

  /* After a change of page the keyboard goes on at its heading. */
  let last = null;
  function arrived(path) {
    if (last !== null && last !== path) {
      window.setTimeout(() => {
        const content = document.getElementById("content");
        if (content) content.focus({ preventScroll: true });
        window.scrollTo(0, 0);
      }, 0);
    }
    last = path;
    return none();
  }

  return { follow, address, back, pick, pickOut, find, arrived };
})();
