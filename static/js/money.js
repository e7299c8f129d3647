// The chart of what was spent: the bar that is pointed at or focused is read out below; arrow keys go from bar to bar.
// Without scripts the bars have their words as titles, and the same figures stand in a table.
"use strict";

document.querySelectorAll("[data-chart]").forEach((chart) => {
  const readout = document.getElementById(chart.dataset.chart);
  const columns = [...chart.querySelectorAll(".column")];
  const say = (column) => { readout.textContent = column?.getAttribute("aria-label") ?? readout.dataset.rest; };
  const focused = () => columns.find((column) => column === document.activeElement);

  for (const column of columns) {
    column.querySelector("title").remove();
    column.addEventListener("pointerenter", () => say(column));
    column.addEventListener("focus", () => say(column));
    column.addEventListener("blur", () => say());
  }
  chart.addEventListener("pointerleave", () => say(focused()));
  chart.addEventListener("keydown", (event) => {
    const here = columns.indexOf(focused());
    const step = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: columns.length - 1 }[event.key];
    if (here < 0 || !columns[step]) return;
    event.preventDefault();
    columns[here].setAttribute("tabindex", "-1");
    columns[step].setAttribute("tabindex", "0");
    columns[step].focus();
  });
});
