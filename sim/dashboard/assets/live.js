/* The page What-if while sliders move: the newest position is asked of the model, and the answer is drawn. A position
   is read from the slider itself and the answer goes into the page directly: handing both through Dash would take
   longer than playing 20,000 patients. Dash's own controls follow meanwhile, and the address with them. */
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.live = (function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const PATIENCE = 60000; // ms after which an answer counts as lost
  const CONFIG = { displaylogo: false, responsive: true, displayModeBar: "hover", toImageButtonOptions: { format: "svg" } };
  let place = null; // where answers go: the page as it is now
  let question = null; // as last asked for
  let since = 0; // when its control was moved
  let busy = false;
  let held = {}; // positions of sliders that Dash has yet to hear of

  function finite(value) {
    const number = value === null || value === undefined || value === "" ? NaN : Number(value);
    return Number.isFinite(number) ? number : null;
  }

  /* What Dash knows: at the beginning, and whenever something else than a slider was changed. */
  function ask(typed, against, strategy, ids, context) {
    const now = { moved: {}, wtp: null, against: against || "", strategy: strategy || "", look_at: context.look_at };
    ids.forEach((id, at) => set(now, id.key, finite(typed[at])));
    opened(now, 0);
    return none();
  }

  function opened(now, tried) {
    const found = document.getElementById("answer");
    if (!found) {
      if (tried < 200) setTimeout(() => opened(now, tried + 1), 25);
      return;
    }
    if (found !== place) {
      place = found;
      question = null;
      held = {};
    }
    for (const key of Object.keys(held)) {
      if ((key === "wtp" ? now.wtp : now.moved[key]) === held[key]) delete held[key];
    }
    if (!Object.keys(held).length) put(now);
  }

  function set(into, key, value) {
    if (key === "wtp") into.wtp = value;
    else if (value !== null) into.moved[key] = value;
  }

  document.addEventListener("input", (event) => {
    if (!question || !place || !place.isConnected || !event.target.closest(".lever")) return;
    const { key, type } = JSON.parse(event.target.id);
    if (type !== "lever") {
      held = {};
      return;
    }
    held[key] = finite(event.target.value);
    const now = Object.assign({}, question, { moved: Object.assign({}, question.moved) });
    set(now, key, held[key]);
    put(now);
  });

  document.addEventListener("click", (event) => {
    if (event.target.id === "back") held = {};
  });

  /* One question at a time: those that come while it is being answered give way to the newest. */
  function put(now) {
    if (JSON.stringify(now) === JSON.stringify(question)) return;
    question = now;
    since = performance.now();
    if (!busy) send();
  }

  async function send() {
    busy = true;
    const [asked, started, into] = [question, since, place];
    const answer = await reply(asked);
    busy = false;
    if (question !== asked) send(); // the model works on while this one is drawn
    if (into.isConnected) draw(answer, into, started);
  }

  async function reply(asked) {
    try {
      const found = await fetch("/what-if/answer", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(asked),
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (found.ok) return await found.json();
      return lost("The dashboard says: " + (await found.text()));
    } catch (error) {
      return lost("The dashboard does not answer. Does it still run in its terminal?");
    }
  }

  function lost(words) {
    const line = { type: "P", props: { children: words } };
    return { parts: { refused: { type: "Div", props: { className: "notice error", role: "alert", children: line } } } };
  }

  /* What is in the window is drawn before the browser paints, the rest right after. */
  function draw(answer, into, started) {
    for (const [id, content] of Object.entries(answer.parts)) fill(document.getElementById(id), content);
    const figures = Object.entries(answer.figures || {});
    const later = figures.filter(([name]) => !inView(name));
    figures.filter((each) => !later.includes(each)).forEach(figure);
    painted(() => {
      into.dataset.seen = performance.now() - started;
      if (into.isConnected) later.forEach(figure);
      painted(() => (into.dataset.whole = performance.now() - started));
    });
  }

  function painted(then) {
    requestAnimationFrame(() => setTimeout(then, 0));
  }

  function inView(name) {
    const box = document.getElementById("figure-" + name).getBoundingClientRect();
    return box.bottom > 0 && box.top < window.innerHeight;
  }

  function figure([name, drawing]) {
    const frame = document.getElementById("figure-" + name);
    const plot = frame.firstElementChild;
    fill(document.getElementById("title-" + name), drawing.title);
    fill(document.getElementById("reading-" + name), drawing.reading);
    frame.setAttribute("aria-label", "Figure: " + drawing.title + ". " + drawing.reading);
    if (plot.style.height !== drawing.height + "px") plot.style.height = drawing.height + "px";
    const isNew = !plot.on;
    window.Plotly.react(plot, drawing.data, drawing.layout, CONFIG);
    if (isNew) plot.on("plotly_click", (event) => window.dash_clientside.igsim.pickOut(plot.data, event.points[0]));
  }

  /* The children of an element become those of a Dash component, as text and elements, never as markup; what is equal
     already is left alone. */
  function fill(parent, content) {
    const wanted = [content].flat(Infinity).filter((part) => part !== null && part !== undefined);
    wanted.forEach((part, at) => {
      const old = parent.childNodes[at];
      if (part.type) {
        const tag = part.type.toLowerCase();
        const node = old && old.localName === tag ? old : document.createElement(tag);
        attributes(node, part.props);
        fill(node, part.props.children);
        if (node !== old) old ? old.replaceWith(node) : parent.append(node);
      } else if (!old || old.nodeType !== Node.TEXT_NODE) {
        const node = document.createTextNode(part);
        old ? old.replaceWith(node) : parent.append(node);
      } else if (old.data !== String(part)) {
        old.data = part;
      }
    });
    while (parent.childNodes.length > wanted.length) parent.lastChild.remove();
  }

  const NAMES = { className: "class", tabIndex: "tabindex", htmlFor: "for" };
  function attributes(node, props) {
    const wanted = {};
    for (const [name, value] of Object.entries(props)) {
      if (name === "style") wanted.style = null;
      else if (name !== "children" && value !== null && value !== "") wanted[NAMES[name] || name] = String(value);
    }
    node.getAttributeNames().forEach((name) => name in wanted || node.removeAttribute(name));
    for (const [name, value] of Object.entries(wanted)) {
      if (name === "style") Object.assign(node.style, props.style);
      else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    }
  }

  return { ask };
})();
