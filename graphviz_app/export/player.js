"use strict";
(() => {
  const recording = JSON.parse(document.getElementById("recording").textContent);
  const find = (id) => document.getElementById(id);
  const picture = find("picture"), caption = find("caption"), scrub = find("scrub"), play = find("play");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const last = recording.steps.length - 1;
  let position = recording.start, timer = null, move = 0;

  // A picture is a list of runs: so many elements on from that one.
  const elementsOf = (runs) => {
    const parts = [];
    for (let i = 0; i < runs.length; i += 2)
      for (let k = 0; k < runs[i + 1]; k++) parts.push(recording.elements[runs[i] + k]);
    return parts.join("");
  };
  const paint = (runs) => { picture.innerHTML = elementsOf(runs); };

  const sourceLines = recording.source.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    find("source").append(item);
    return item;
  });
  const printed = recording.printed.map(([step, stream, text]) => {
    const part = document.createElement("span");
    part.className = stream;
    part.textContent = text;
    find("output").append(part);
    return [step, part];
  });
  const ledgerRows = recording.ledger.map(([step, ...cells]) => {
    const row = document.createElement("tr");
    for (const text of cells) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    find("ledger").append(row);
    return [step, row];
  });

  // Scrolls only the panel that holds the element, never the page.
  const reveal = (element, panel) => {
    const inner = element.getBoundingClientRect(), outer = panel.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom)
      panel.scrollTop += inner.top - outer.top - outer.height / 2;
  };

  const show = (wanted) => {
    position = Math.max(0, Math.min(last, wanted));
    const step = recording.steps[position];
    picture.setAttribute("viewBox", recording.views[step.view]);
    paint(step.runs);
    caption.textContent = step.caption;
    scrub.value = position;
    find("position").textContent = `step ${step.step} of ${recording.last}`;
    sourceLines.forEach((item, index) => item.classList.toggle("running", index + 1 === step.line));
    for (const [when, part] of printed) part.hidden = when > step.step;
    for (const [when, row] of ledgerRows) {
      row.classList.toggle("coming", when > step.step);
      row.classList.toggle("now", when === step.step);
    }
    if (step.line) reveal(sourceLines[step.line - 1], document.querySelector("aside"));
  };

  const speed = () => Number(find("speed").value);
  const stop = () => {
    clearTimeout(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-label", "Play");
  };
  const tick = () => {
    const coming = recording.steps[position + 1];
    if (!coming) return stop();
    if (!calm && coming.moves && move < coming.moves.length) {
      if (move === 0) { show(position + 1); position -= 1; }
      paint(coming.moves[move++]);
      timer = setTimeout(tick, 70 / speed());
      return;
    }
    move = 0;
    show(position + 1);
    timer = setTimeout(tick, (coming.moves ? 900 : 450) / speed());
  };
  const start = () => {
    if (position === last) show(0);
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause");
    tick();
  };
  const toggle = () => (timer === null ? start() : stop());
  const go = (wanted) => { stop(); move = 0; show(wanted); };
  const nextPass = () => {
    const found = recording.steps.findIndex((step, index) => index > position && step.starts);
    go(found < 0 ? last : found);
  };
  const previousPass = () => {
    for (let index = position - 1; index >= 0; index--) if (recording.steps[index].starts) return go(index);
    go(0);
  };

  const keys = {
    " ": toggle, ArrowRight: () => go(position + 1), ArrowLeft: () => go(position - 1), Home: () => go(0),
    End: () => go(last), PageDown: nextPass, PageUp: previousPass,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.id === "speed") return;
    // Space on another button presses that button.
    if (event.key === " " && event.target.tagName === "BUTTON" && event.target.id !== "play") return;
    const action = keys[event.key];
    if (action) { event.preventDefault(); action(); }
  });
  find("forward").onclick = keys.ArrowRight;
  find("back").onclick = keys.ArrowLeft;
  find("next-pass").onclick = nextPass;
  find("previous-pass").onclick = previousPass;
  play.onclick = toggle;
  scrub.max = last;
  scrub.oninput = () => go(Number(scrub.value));
  show(position);
})();
