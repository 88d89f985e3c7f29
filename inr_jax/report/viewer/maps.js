// Values of genes at voxels, summed from volumes (report/viewer_volumes.py), and colours.
// u: a voxel that maps are given at; v: a voxel of the mask; box: of the whole grid, the
// first axis fastest, as NIfTI has it.
const SEQUENTIAL = {
  map: ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"],
  sd: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"],
  distance: ["#fee838", "#c3b369", "#8a8678", "#575d6d", "#123570", "#00224e"],
  validated: ["#d55e00", "#0072b2"],
};
const OFF = 214, BRIGHT = 110; // grey of what is not validated; of a colour behind a dark dot

function ramp(name) {
  const stops = SEQUENTIAL[name].map((c) => [1, 3, 5].map((at) => parseInt(c.slice(at, at + 2), 16)));
  const table = new Uint8Array(256 * 3);
  for (let n = 0; n < 256; n++) {
    const at = (n / 255) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) table[3 * n + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
  }
  return table;
}

class Maps {
  static async of(data) {
    const maps = new Maps(), names = ["mask", "t1", "distance", "validated", "wells"];
    const parts = await Promise.all([unpackVolumes(data.mean), ...names.map((name) => data[name] && unpack(data[name]))]);
    ["mean", ...names].forEach((name, n) => (maps[name] = parts[n]));
    Object.assign(maps, { data, sd: null });
    maps.index();
    return maps;
  }

  // Standard deviations, which the first view can do without.
  async complete() {
    if (this.data.sd) this.sd = await unpackVolumes(this.data.sd);
  }

  index() {
    const { shape: [I, J, K], affine, mirrored } = this.data, total = I * J * K, mask = this.mask;
    let voxels = 0, u = 0, v = 0;
    for (let c = 0; c < total; c++) voxels += mask[c];
    this.vOfBox = new Int32Array(total).fill(-1);
    this.boxOfV = new Int32Array(voxels);
    this.uOfV = new Int32Array(voxels);
    this.templateOfV = new Uint8Array(voxels);
    const uOfC = new Int32Array(total), cOfV = new Int32Array(voxels);
    for (let i = 0, c = 0; i < I; i++) {
      const given = !mirrored || affine[0][0] * i + affine[0][3] > -1e-3;
      for (let j = 0; j < J; j++) for (let k = 0; k < K; k++, c++) {
        if (!mask[c]) continue;
        const box = i + I * (j + J * k);
        this.vOfBox[box] = v;
        this.boxOfV[v] = box;
        this.templateOfV[v] = this.t1[c];
        cOfV[v++] = c;
        uOfC[c] = given ? u++ : -1;
      }
    }
    this.count = u;
    const plane = J * K;
    for (v = 0; v < voxels; v++) {
      const c = cOfV[v];
      this.uOfV[v] = uOfC[c] >= 0 ? uOfC[c] : uOfC[(I - 1 - Math.floor(c / plane)) * plane + (c % plane)];
    }
    // What lies just outside is coloured as its neighbour, seen where colours are blended.
    const rim = [], taken = new Uint8Array(total);
    for (v = 0; v < voxels; v++) for (const step of [1, -1, I, -I, I * J, -I * J]) {
      const box = this.boxOfV[v] + step;
      if (box >= 0 && box < total && this.vOfBox[box] < 0 && !taken[box]) { taken[box] = 1; rim.push(box, this.boxOfV[v]); }
    }
    this.rim = Int32Array.from(rim);
    this.wellBoxes = new Set();
    const n = this.wells.length / 3;
    for (let w = 0; w < n; w++) {
      const box = this.boxOf([this.wells[w] / 10, this.wells[n + w] / 10, this.wells[2 * n + w] / 10]);
      if (box >= 0) this.wellBoxes.add(box);
    }
  }

  // Voxel of a place in mm, -1 outside the grid.
  boxOf(mm) {
    if (!this.inverse) this.inverse = inverted(this.data.affine);
    const ijk = [0, 1, 2].map((r) => Math.round(this.inverse[r][0] * mm[0] + this.inverse[r][1] * mm[1] + this.inverse[r][2] * mm[2] + this.inverse[r][3]));
    const shape = this.data.shape;
    if (ijk.some((n, axis) => n < 0 || n >= shape[axis])) return -1;
    return ijk[0] + shape[0] * (ijk[1] + shape[1] * ijk[2]);
  }

  // Values of a gene at all u, of the mean or the standard deviation.
  values(kind, gene) {
    const { levels, weights, unit, step, mean, scale } = this[kind], count = this.count, k = unit.length;
    const out = new Float32Array(count).fill(mean[gene]);
    for (let n = 0; n < k; n++) {
      const factor = weights[gene * k + n] * unit[n] * step * scale[gene], start = n * count;
      if (factor) for (let u = 0; u < count; u++) out[u] += factor * levels[start + u];
    }
    return out;
  }

  // What is painted: a value a voxel v, the ends of its colours, words.
  layer(name, gene, units) {
    if (name === "sd" && !this.sd) return null; // a moment after the first view
    if (name === "map" || name === "sd") {
      const kind = name === "map" ? "mean" : "sd", values = this.values(kind, gene);
      const [low, high] = ends(values);
      const unit = name === "map" ? units : `${units}, ${this.data.calibrated ? "calibrated standard deviation" : "standard deviation of the ensemble"}`;
      return { name, low, high, unit, at: (v) => values[this.uOfV[v]] };
    }
    if (name === "distance") return { name, low: 0, high: Math.min(20, this.distance.reduce((a, b) => Math.max(a, b), 0) * this.data.distance_step_mm) || 1, unit: "mm to the nearest well", at: (v) => this.distance[v] * this.data.distance_step_mm };
    if (name === "validated") return { name, low: 0, high: 1, unit: "", at: (v) => this.validated[v] };
    return null;
  }

  // Colours of all voxels, over the template; one opaque volume is drawn faster than two.
  paint(rgba, layer, { fade, wells, opacity }) {
    rgba.fill(0);
    const { boxOfV, templateOfV, validated, wellBoxes } = this, [I, J] = this.data.shape;
    const colours = layer ? ramp(layer.name) : null, factor = layer ? 255 / (layer.high - layer.low || 1) : 0;
    for (let v = 0; v < boxOfV.length; v++) {
      const box = boxOfV[v], to = 4 * box, grey = templateOfV[v];
      rgba[to + 3] = 255;
      if (!layer) rgba[to] = rgba[to + 1] = rgba[to + 2] = grey;
      else {
        const at = 3 * Math.max(0, Math.min(255, Math.round((layer.at(v) - layer.low) * factor)));
        let share = 1;
        if (fade && validated && !validated[v]) {
          const stripe = ((box % I) + (Math.floor(box / I) % J) + Math.floor(box / (I * J))) % 4;
          share = stripe === 0 ? 0.05 : 0.4;
        }
        for (let c = 0; c < 3; c++) rgba[to + c] = opacity * (share * colours[at + c] + (1 - share) * OFF) + (1 - opacity) * grey;
      }
    }
    if (wells) for (const box of wellBoxes) {
      const to = 4 * box, bright = 0.3 * rgba[to] + 0.6 * rgba[to + 1] + 0.1 * rgba[to + 2] > BRIGHT;
      rgba.fill(bright ? 0 : 255, to, to + 3);
      rgba[to + 3] = 255;
    }
    for (let n = 0; n < this.rim.length; n += 2) {
      const to = 4 * this.rim[n], from = 4 * this.rim[n + 1];
      if (!rgba[to + 3]) for (let c = 0; c < 3; c++) rgba[to + c] = rgba[from + c];
    }
  }

  // A NIfTI file of RGBA on the grid.
  nifti(bytes) {
    const buffer = new ArrayBuffer(352 + bytes.length), view = new DataView(buffer), { shape, affine } = this.data;
    view.setInt32(0, 348, true);
    [3, ...shape, 1, 1, 1, 1].forEach((n, at) => view.setInt16(40 + 2 * at, n, true));
    view.setInt16(70, 2304, true);
    view.setInt16(72, 32, true);
    const sizes = [0, 1, 2].map((c) => Math.hypot(affine[0][c], affine[1][c], affine[2][c]));
    [1, ...sizes].forEach((n, at) => view.setFloat32(76 + 4 * at, n, true));
    view.setFloat32(108, 352, true);
    view.setFloat32(112, 1, true);
    view.setUint8(123, 2);
    view.setInt16(254, 4, true);
    for (let r = 0; r < 3; r++) for (let c = 0; c < 4; c++) view.setFloat32(280 + 16 * r + 4 * c, affine[r][c], true);
    [0x6e, 0x2b, 0x31].forEach((n, at) => view.setUint8(344 + at, n));
    new Uint8Array(buffer, 352).set(bytes);
    return buffer;
  }
}

async function unpackVolumes(part) {
  const [levels, weights] = await Promise.all([unpack(part.levels), unpack(part.weights)]);
  return { ...part, levels, weights };
}

// Percentiles 2 and 98; both ends apart where a map is constant.
function ends(values) {
  const step = Math.max(1, Math.floor(values.length / 20000)), some = [];
  for (let n = 0; n < values.length; n += step) some.push(values[n]);
  some.sort((a, b) => a - b);
  const low = some[Math.floor(0.02 * (some.length - 1))], high = some[Math.ceil(0.98 * (some.length - 1))];
  return high - low > 1e-6 * Math.abs(high) ? [low, high] : [low - 0.5, high + 0.5];
}

function inverted(m) {
  const [a, b, c] = [m[0], m[1], m[2]];
  const minor = (p, q, r, s) => p * s - q * r;
  const cof = [
    [minor(b[1], b[2], c[1], c[2]), -minor(a[1], a[2], c[1], c[2]), minor(a[1], a[2], b[1], b[2])],
    [-minor(b[0], b[2], c[0], c[2]), minor(a[0], a[2], c[0], c[2]), -minor(a[0], a[2], b[0], b[2])],
    [minor(b[0], b[1], c[0], c[1]), -minor(a[0], a[1], c[0], c[1]), minor(a[0], a[1], b[0], b[1])],
  ];
  const det = a[0] * cof[0][0] + a[1] * cof[1][0] + a[2] * cof[2][0];
  return cof.map((row) => { const r = row.map((x) => x / det); return [...r, -(r[0] * a[3] + r[1] * b[3] + r[2] * c[3])]; });
}
