// The viewer: slices and rendering by niivue, what is chosen, what is read off.
const INTERVAL = 1.6448536;
const SLOW_MS = 250, PAUSE_MS = 500; // a rendering slower than this waits for a pause

class Viewer {
  constructor() {
    const read = (id) => JSON.parse(document.getElementById(id).textContent);
    this.listed = read("inr-listed");
    this.units = read("inr-units");
    this.data = read("inr-data");
    this.state = { gene: 0, layer: "map", mm: null };
  }

  async start() {
    this.maps = await Maps.of(this.data);
    this.rgba = new Uint8Array(4 * this.maps.vOfBox.length);
    this.readAddress();
    this.paint();
    const canvas = document.getElementById("gl");
    this.nv = new niivue.Niivue({
      backColor: [0, 0, 0, 1], crosshairColor: [1, 1, 1, 0.75], crosshairWidth: 1, crosshairWidthUnit: "mm", show3Dcrosshair: true,
      dragAndDropEnabled: false, logLevel: "error", multiplanarShowRender: niivue.SHOW_RENDER.NEVER,
      multiplanarLayout: niivue.MULTIPLANAR_TYPE.GRID, isOrientationTextVisible: true, showAllOrientationMarkers: true, loadingText: "", multiplanarPadPixels: 14,
      viewModeHotKey: "", clipPlaneHotKey: "", cycleClipPlaneHotKey: "",
    });
    await this.nv.attachToCanvas(canvas);
    await this.nv.loadFromArrayBuffer(this.maps.nifti(this.rgba), "map.nii");
    this.nv.onLocationChange = (place) => this.moved([...place.mm].slice(0, 3));
    this.go(this.state.mm || this.middle());
    this.controls(canvas);
    this.list = new GeneList(this.listed, (at) => { if (at !== this.state.gene) { this.state.gene = at; this.redraw(); } });
    this.list.pick(this.state.gene);
    this.words();
  }

  // The rendering is drawn after the slices are seen, and its time taken.
  async complete() {
    await this.maps.complete();
    this.cloud = await Cloud.of(this.data.pairs);
    this.words();
    if (this.state.layer === "sd") this.redraw();
    else this.moved(this.state.mm);
    const start = performance.now();
    this.rendering(true);
    this.nv.gl.readPixels(0, 0, 1, 1, this.nv.gl.RGBA, this.nv.gl.UNSIGNED_BYTE, new Uint8Array(4));
    this.slow = performance.now() - start > SLOW_MS;
    document.body.dataset.complete = Math.round(performance.now());
  }

  rendering(shown) {
    this.nv.opts.multiplanarShowRender = niivue.SHOW_RENDER[shown ? "ALWAYS" : "NEVER"];
    this.nv.drawScene();
  }

  // Where a rendering takes long, slices are moved without it.
  pause() {
    if (!this.slow) return;
    clearTimeout(this.later);
    this.nv.opts.multiplanarShowRender = niivue.SHOW_RENDER.NEVER;
    this.later = setTimeout(() => this.rendering(true), PAUSE_MS);
  }

  // A place where there is something to see: the middle of the grey and white matter.
  middle() {
    const { affine } = this.data;
    let sum = [0, 0, 0];
    const [I, J] = this.data.shape, boxes = this.maps.boxOfV;
    for (const box of boxes) { sum[0] += box % I; sum[1] += Math.floor(box / I) % J; sum[2] += Math.floor(box / (I * J)); }
    const ijk = sum.map((s) => s / Math.max(1, boxes.length));
    const mm = [0, 1, 2].map((r) => affine[r][0] * ijk[0] + affine[r][1] * ijk[1] + affine[r][2] * ijk[2] + affine[r][3]);
    return this.snapped([mm[0] + 8, mm[1], mm[2]]);
  }

  // The middle of the voxel that a place lies in.
  snapped(mm) {
    const { affine, shape } = this.data, box = this.maps.boxOf(mm);
    if (box < 0) return mm;
    const ijk = [box % shape[0], Math.floor(box / shape[0]) % shape[1], Math.floor(box / (shape[0] * shape[1]))];
    return [0, 1, 2].map((r) => affine[r][0] * ijk[0] + affine[r][1] * ijk[1] + affine[r][2] * ijk[2] + affine[r][3]);
  }

  checked(id) { const box = document.getElementById(id); return Boolean(box && box.checked); }

  paint() {
    this.layer = this.maps.layer(this.state.layer, this.listed.order[this.state.gene], this.units);
    this.maps.paint(this.rgba, this.layer, { fade: this.checked("fade") && this.state.layer !== "validated", wells: this.checked("wells"), opacity: document.getElementById("opacity").value / 100 });
  }

  redraw() {
    this.paint();
    this.nv.volumes[0].img.set(this.rgba);
    this.pause();
    this.nv.updateGLVolume();
    this.words();
    this.moved(this.state.mm);
  }

  go(mm) {
    this.pause();
    this.nv.scene.crosshairPos = this.nv.mm2frac(mm);
    this.nv.drawScene();
    this.moved(mm);
  }

  moved(mm) {
    this.state.mm = mm;
    this.value = this.read(mm);
    document.getElementById("readout").replaceChildren(...this.sentence(mm));
    const round = mm.map((x) => Math.round(x * 10) / 10).join(",");
    try { history.replaceState(null, "", `#gene=${encodeURIComponent(this.listed.names[this.state.gene])}&mm=${round}&layer=${this.state.layer}`); } catch { /* some browsers keep a file's address */ }
  }

  // What holds at a place: null outside the brain.
  read(mm) {
    const { maps, listed, state } = this, box = maps.boxOf(mm), v = box < 0 ? -1 : maps.vOfBox[box];
    if (v < 0) return null;
    const gene = listed.order[state.gene], u = maps.uOfV[v];
    const at = (kind) => {
      const { levels, weights, unit, step, mean, scale } = maps[kind];
      let sum = 0;
      for (let n = 0; n < unit.length; n++) sum += weights[gene * unit.length + n] * unit[n] * levels[n * maps.count + u];
      return mean[gene] + scale[gene] * step * sum;
    };
    return {
      value: at("mean"), sd: maps.sd ? Math.max(0, at("sd")) : null,
      distance_mm: maps.distance[v] * maps.data.distance_step_mm,
      validated: maps.validated ? Boolean(maps.validated[v]) : null,
    };
  }

  sentence(mm) {
    const place = `x ${mm[0].toFixed(0)}, y ${mm[1].toFixed(0)}, z ${mm[2].toFixed(0)} mm: `, here = this.value;
    if (!here) return [`${place}outside the brain`];
    const parts = [place], strong = document.createElement("b");
    strong.textContent = here.value.toFixed(3);
    parts.push(strong, ` ${this.units}`);
    if (here.sd !== null && this.data.calibrated) parts.push(`, 90 % interval ${(here.value - INTERVAL * here.sd).toFixed(3)} to ${(here.value + INTERVAL * here.sd).toFixed(3)}`);
    else if (here.sd !== null) parts.push(`, sd of the ensemble ${here.sd.toFixed(3)} (no interval)`);
    parts.push(`; ${here.distance_mm.toFixed(1)} mm from a well`);
    if (here.validated === false) {
      const off = document.createElement("span");
      off.className = "off";
      off.textContent = " – not validated here";
      parts.push(off);
    }
    return parts;
  }

  words() {
    const at = this.state.gene, { names, r, r2, shown } = this.listed, number = (x) => (x === null ? "–" : x.toFixed(3));
    document.getElementById("gene").textContent = names[at];
    document.getElementById("score").textContent = (r[at] === null ? "not scored on held-out wells" : `held-out r ${number(r[at])}, R² ${number(r2[at])}`) + `; map shown with r ${short(shown[at], 4)} to the model's`;
    if (this.cloud) this.cloud.draw(this.listed.order[at], this.units);
    const layer = this.layer, show = (id, text) => (document.getElementById(id).textContent = text);
    document.getElementById("bar").style.visibility = layer ? "visible" : "hidden";
    const words = { map: "Colours end at the map's 2nd and 98th percentile.", sd: "Colours end at the 2nd and 98th percentile.", distance: "To the nearest well on the same side of the brain; validity counts wells as the fit does.", validated: "", none: "" };
    const fades = this.checked("fade") && !["validated", "none"].includes(this.state.layer) ? " Pale and hatched: not validated, no held-out well was so far from others or in such matter." : "";
    show("legend", (words[this.state.layer] + fades + (this.checked("wells") ? " Dots: wells." : "")).trim());
    if (!layer) return;
    const digits = layer.high - layer.low < 1 ? 3 : layer.high - layer.low < 20 ? 2 : 0, binary = layer.name === "validated";
    show("low", binary ? "not validated" : layer.low.toFixed(digits));
    show("high", binary ? "validated" : layer.high.toFixed(digits));
    show("unit", layer.unit);
    const ramped = document.getElementById("ramp").getContext("2d", { willReadFrequently: true }), image = ramped.createImageData(256, 1), colours = ramp(layer.name);
    for (let n = 0; n < 256; n++) { const c = binary ? (n < 128 ? 0 : 255) : n; image.data.set([...colours.subarray(3 * c, 3 * c + 3), 255], 4 * n); }
    ramped.putImageData(image, 0, 0);
  }

  controls(canvas) {
    for (const radio of document.querySelectorAll("input[name=layer]")) radio.addEventListener("change", () => { this.state.layer = radio.value; this.redraw(); });
    for (const id of ["fade", "wells"]) document.getElementById(id)?.addEventListener("change", () => this.redraw());
    document.getElementById("opacity").addEventListener("input", () => this.redraw());
    const inRendering = (event) => event.offsetX > canvas.clientWidth / 2 && event.offsetY > canvas.clientHeight / 2;
    for (const kind of ["pointerdown", "pointermove", "wheel"]) canvas.addEventListener(kind, (event) => { if (!inRendering(event) && (kind !== "pointermove" || event.buttons)) this.pause(); }, { capture: true, passive: true });
    canvas.addEventListener("keydown", (event) => this.step(event), true);
    document.addEventListener("keydown", (event) => this.shortcut(event));
  }

  step(event) {
    const moves = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], PageUp: [0, 0, 1], PageDown: [0, 0, -1] };
    const move = moves[event.key];
    if (!move || !this.state.mm) return;
    event.preventDefault();
    event.stopPropagation();
    const { affine } = this.data, size = Math.hypot(affine[0][0], affine[1][0], affine[2][0]);
    this.go(this.state.mm.map((x, axis) => x + size * move[axis]));
  }

  shortcut(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || ["search"].includes(event.target.type)) return;
    const layer = { 1: "map", 2: "sd", 3: "distance", 4: "validated", 5: "none" }[event.key];
    const radio = layer && document.querySelector(`input[name=layer][value=${layer}]`);
    const box = { v: "fade", w: "wells" }[event.key];
    if (event.key === "/") { event.preventDefault(); document.getElementById("search").focus(); }
    else if (radio) radio.click();
    else if (box) document.getElementById(box)?.click();
  }

  readAddress() {
    const asked = new URLSearchParams(location.hash.slice(1)), at = this.listed.names.indexOf(asked.get("gene"));
    if (at >= 0) this.state.gene = at;
    const mm = (asked.get("mm") || "").split(",").map(Number);
    if (mm.length === 3 && mm.every(Number.isFinite)) this.state.mm = mm;
    const radio = [...document.querySelectorAll("input[name=layer]")].find((input) => input.value === asked.get("layer"));
    if (radio) { radio.checked = true; this.state.layer = radio.value; }
  }
}

const inrReport = new Viewer();
inrReport.start().then(
  () => requestAnimationFrame(() => {
    document.body.dataset.ready = Math.round(performance.now());
    setTimeout(() => inrReport.complete(), 50);
  }),
  (error) => {
    const trouble = document.getElementById("trouble");
    trouble.textContent = `The viewer cannot draw here (${error && error.message ? error.message : error}): it needs a browser with WebGL 2, of 2023 or later. All tables on this page are readable without.`;
    trouble.hidden = false;
    document.body.dataset.ready = "failed";
  },
);
