"use strict";
/* Finds and draws the lines of a plan, some at a time. Text is only ever set as text. */
(() => {
  const PIECE = 100; /* lines, or versions of one, that are drawn at once */
  const { words, rows } = JSON.parse(document.getElementById("plan").textContent);
  const list = document.getElementById("lines");
  if (!list) return;
  const byId = (id) => document.getElementById(id);
  const [search, repository, rule, order] = ["search", "repository", "rule", "order"].map(byId);
  const releases = byId("releases");
  const actions = [...document.querySelectorAll('input[name="action"]')];
  const more = byId("more");
  const number = (count) => count.toLocaleString("en");
  const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
  const orders = {
    risk: () => 0,
    versions: (a, b) => b.count - a.count,
    package: (a, b) => (a.package < b.package ? -1 : a.package > b.package ? 1 : 0),
  };
  let found = rows;
  let drawn = 0;

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function breakable(text) {
    return text.split(/(?<=\/)/).flatMap((part) => [part, document.createElement("wbr")]);
  }

  function line(row) {
    const what = element("span", "what", row.what);
    if (row.releases) what.append(" ", element("em", "", counted(row.releases, "release")));
    const parts = [
      element("span", `tag ${row.action}`, words[row.action]),
      element("span", "package", element("b", "", ...breakable(row.package)), element("small", "", row.repository)),
      what,
      element("span", "why", row.why, element("small", "", row.rule)),
    ];
    if (!row.versions.length) return element("li", "", element("div", "line", ...parts));
    const details = element("details", "", element("summary", "line", ...parts));
    details.addEventListener("toggle", () => details.open && drawVersions(details, row));
    return element("li", "", details);
  }

  function drawVersions(details, row) {
    if (details.querySelector("ul")) return;
    const versions = details.appendChild(document.createElement("ul"));
    let shown = 0;
    const draw = () => {
      const piece = row.versions.slice(shown, shown + PIECE);
      shown += piece.length;
      versions.append(...piece.map(({ v, s, n }) =>
        element("li", "", element("b", "", v), " ", element("i", "", s), " ", n || "")));
      const left = row.versions.length - shown;
      if (!left) return;
      const button = element("button", "", `Show ${number(Math.min(PIECE, left))} more of ${number(left)}`);
      button.type = "button";
      const item = element("li", "", button);
      button.addEventListener("click", () => { item.remove(); draw(); });
      versions.append(item);
    };
    draw();
  }

  function drawMore() {
    const piece = found.slice(drawn, drawn + PIECE);
    drawn += piece.length;
    list.append(...piece.map(line));
    const left = found.length - drawn;
    more.hidden = !left;
    more.textContent = `Show ${number(Math.min(PIECE, left))} more of ${number(left)}`;
  }

  /* Everything that can be searched in a row, put together when it is first looked for. */
  function text(row) {
    row.text ??= [
      row.package, decodeURIComponent(row.package), row.repository, row.rule, row.automation,
      row.why, row.what, ...row.versions.flatMap(({ v, s, n }) => [v, s, n || ""]),
    ].join("\n").toLowerCase();
    return row.text;
  }

  function find() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(actions.filter((box) => box.checked).map((box) => box.value));
    found = rows.filter((row) =>
      on.has(row.action)
      && (!repository.value || row.repository === repository.value)
      && (!rule.value || row.rule === rule.value)
      && (!releases?.checked || row.releases)
      && wanted.every((word) => text(row).includes(word)));
    if (order.value !== "risk") found.sort(orders[order.value]);
    const versions = found.reduce((sum, row) => sum + row.versions.length, 0);
    byId("found").textContent = found.length
      ? `${counted(found.length, "line")}, ${counted(versions, "version")}` : "No line is like that";
    list.replaceChildren();
    drawn = 0;
    drawMore();
  }

  let typing;
  search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(find, 120); });
  for (const control of [repository, rule, order, releases, ...actions]) {
    control?.addEventListener("change", find);
  }
  more.addEventListener("click", drawMore);
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && drawMore(),
    { rootMargin: "400px" }).observe(more);
  byId("filters").hidden = false;
  find();
})();
