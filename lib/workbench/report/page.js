/*
 * The page's behaviour: a stretch of time, chosen on the overview, is drawn as a timeline
 * of operations and as a spacetime diagram of messages. The functions that draw are put
 * before this script by report.ts; the run is in the element `run`.
 */
const view = JSON.parse(document.getElementById("run").textContent);
const element = (id) => document.getElementById(id);
const [overview, timeline, spacetime, hover] = [
  "overview",
  "timeline",
  "spacetime",
  "hover",
].map(element);

const NARROWEST = 0.02;
const state = {
  window: { from: view.first.from, to: view.first.to },
  /** The moment a link has led to. */
  sought: view.sought,
  hidden: [],
  clients: true,
};

/** Moves the stretch, within the run. */
function show(from, to) {
  const whole = view.to - view.from;
  const width = Math.min(whole, Math.max(NARROWEST, to - from));
  const start = Math.min(view.to - width, Math.max(view.from, from));
  state.window = { from: start, to: start + width };
  draw();
}

function draw() {
  const width = Math.max(320, timeline.clientWidth);
  overview.innerHTML = overviewSvg(view, state.window, width);
  timeline.innerHTML = timelineSvg(view, state.window, width, state.sought);
  spacetime.innerHTML = spacetimeSvg(view, state.window, width, state);
  name("[data-call]", ({ call }) => callText(view.calls[call]));
  name("[data-hop]", ({ hop }) => hopText(view.hops[hop]));
  const { from, to } = state.window;
  element("stretch").textContent = `${from.toFixed(3)} s to ${to.toFixed(3)} s`;
  const hops = spacetime.querySelectorAll("[data-hop]").length;
  element("crowded").hidden = hops < drawnHops();
  const { sought } = state;
  element("sought").textContent = sought === null
    ? ""
    : `looking at ${sought.at.toFixed(3)} s` +
      (sought.process === undefined ? "" : `, process ${sought.process}`) +
      (sought.node === undefined ? "" : `, at ${sought.node}`);
}

/** Lets drawn items be reached with the Tab key, and gives them a description. */
function name(selector, words) {
  for (const drawn of document.querySelectorAll(selector)) {
    drawn.setAttribute("tabindex", "0");
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", words(drawn.dataset));
  }
}

function zoom(factor) {
  const { from, to } = state.window;
  const middle = (from + to) / 2, half = (to - from) / 2 * factor;
  show(middle - half, middle + half);
}

function shift(parts) {
  const { from, to } = state.window;
  const by = (to - from) * parts;
  show(from + by, to + by);
}

const actions = {
  earlier: () => shift(-0.5),
  later: () => shift(0.5),
  closer: () => zoom(0.5),
  wider: () => zoom(2),
};
for (const [id, act] of Object.entries(actions)) {
  element(id).addEventListener("click", act);
}
document.addEventListener(
  "keydown",
  ({ key, target, ctrlKey, metaKey, altKey }) => {
    if (target.tagName === "INPUT" || ctrlKey || metaKey || altKey) return;
    const byKey = {
      ArrowLeft: "earlier",
      ArrowRight: "later",
      "+": "closer",
      "-": "wider",
    };
    actions[byKey[key]]?.();
  },
);

/** The overview: a click or a drag puts the middle of the stretch there. */
overview.addEventListener("pointerdown", (event) => {
  overview.setPointerCapture(event.pointerId);
  moveTo(event);
});
overview.addEventListener("pointermove", (event) => {
  if (overview.hasPointerCapture(event.pointerId)) moveTo(event);
});
function moveTo({ clientX }) {
  const { left, width } = overview.getBoundingClientRect();
  const at = view.from + (clientX - left) / width * (view.to - view.from);
  const half = (state.window.to - state.window.from) / 2;
  show(at - half, at + half);
}

/** Links from findings. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-at]");
  if (!link) return;
  const { at, process, node } = link.dataset;
  state.sought = {
    at: Number(at),
    ...(process ? { process: Number(process) } : {}),
    ...(node ? { node } : {}),
  };
  const half = Math.min(1, (state.window.to - state.window.from) / 2);
  show(Number(at) - half, Number(at) + half);
});

/** Checkboxes hide types of messages. */
for (const box of document.querySelectorAll("[data-type]")) {
  box.addEventListener("change", () => {
    state.hidden = [...document.querySelectorAll("[data-type]")]
      .filter((other) => !other.checked).map((other) => other.dataset.type);
    draw();
  });
}
element("clients")?.addEventListener("change", ({ target }) => {
  state.clients = target.checked;
  draw();
});

/** Shows the description of what is at a place in the drawings, if anything. */
function tell(target, clientX, clientY) {
  const drawn = target.closest?.("[data-call], [data-hop]");
  hover.hidden = !drawn;
  if (hover.hidden) return;
  hover.textContent = drawn.getAttribute("aria-label");
  const { width, height } = hover.getBoundingClientRect();
  const left = Math.min(clientX + 14, innerWidth - width - 8);
  const below = clientY + 16 + height < innerHeight;
  hover.style.left = `${Math.max(4, left)}px`;
  hover.style.top = `${below ? clientY + 16 : clientY - height - 12}px`;
}
document.addEventListener(
  "pointermove",
  ({ target, clientX, clientY }) => tell(target, clientX, clientY),
);
document.addEventListener("focusin", ({ target }) => {
  const { left, bottom } = target.getBoundingClientRect();
  tell(target, left, bottom);
});

new ResizeObserver(draw).observe(timeline);
