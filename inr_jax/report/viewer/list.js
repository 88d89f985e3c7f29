// The list of genes: only rows in sight are in the document, however many there are.
const ROW = 26;

class GeneList {
  constructor(listed, choose) {
    this.listed = listed;
    this.choose = choose;
    this.box = document.getElementById("list");
    this.search = document.getElementById("search");
    this.upper = listed.names.map((name) => name.toUpperCase());
    this.shown = listed.names.map((_, n) => n);
    this.at = 0;
    this.box.addEventListener("scroll", () => this.draw());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.search.addEventListener("input", () => this.filter());
    this.search.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.pick(Number(row.dataset.at));
    });
    this.filter();
  }

  filter() {
    const text = this.search.value.trim().toUpperCase();
    this.shown = [];
    this.upper.forEach((name, n) => { if (name.includes(text)) this.shown.push(n); });
    if (text) this.shown.sort((a, b) => this.upper[b].startsWith(text) - this.upper[a].startsWith(text) || a - b);
    document.getElementById("matches").textContent = text ? `${this.shown.length} of ${this.upper.length} genes` : `${this.upper.length} gene${this.upper.length === 1 ? "" : "s"}`;
    this.box.scrollTop = 0;
    this.draw();
  }

  key(event) {
    const here = this.shown.indexOf(this.at), page = Math.floor(this.box.clientHeight / ROW);
    const inSearch = event.target === this.search;
    const moves = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + page, PageUp: here - page };
    if (!inSearch) Object.assign(moves, { Home: 0, End: this.shown.length - 1 });
    if (event.key === "Enter" && inSearch && this.shown.length) moves.Enter = 0;
    if (event.key === "Escape" && inSearch) { this.search.value = ""; this.filter(); return; }
    if (!(event.key in moves)) return;
    event.preventDefault();
    event.stopPropagation();
    this.pick(this.shown[Math.max(0, Math.min(this.shown.length - 1, moves[event.key]))]);
  }

  // `at`: the place in the order of scores.
  pick(at) {
    if (at === undefined) return;
    this.at = at;
    const row = this.shown.indexOf(at);
    if (row >= 0) {
      if (row * ROW < this.box.scrollTop) this.box.scrollTop = row * ROW;
      const below = (row + 1) * ROW - this.box.clientHeight;
      if (below > this.box.scrollTop) this.box.scrollTop = below;
    }
    this.draw();
    this.choose(at);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - 4), last = Math.min(this.shown.length, first + Math.ceil(this.box.clientHeight / ROW) + 8);
    const height = document.createElement("div");
    height.style.height = `${this.shown.length * ROW}px`;
    const rows = [];
    for (let n = first; n < last; n++) rows.push(this.row(n));
    this.box.replaceChildren(height, ...rows);
  }

  row(n) {
    const at = this.shown[n], row = document.createElement("div");
    row.className = "row";
    row.style.top = `${n * ROW}px`;
    row.dataset.at = at;
    row.id = `row-${at}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", at === this.at);
    if (at === this.at) this.box.setAttribute("aria-activedescendant", row.id);
    const { names, r, r2, shown } = this.listed;
    row.title = names[at];
    for (const [text, low] of [[names[at], false], [short(r[at], 2), r[at] !== null && r[at] < 0], [short(r2[at], 2), r2[at] !== null && r2[at] < 0], [short(shown[at], 3), shown[at] < 0.99]]) {
      const cell = document.createElement("span");
      cell.textContent = text;
      if (low) cell.className = "low";
      row.append(cell);
    }
    return row;
  }
}

function short(value, digits) {
  if (value === null || value === undefined) return "–";
  return (Math.floor(value * 10 ** digits + 1e-9) / 10 ** digits).toFixed(digits);
}
