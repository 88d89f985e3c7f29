"use strict";
// The inverse of report/viewer_packs.py: base64, gzip, bytes by their rank, differences.
async function unpack(packed) {
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(packed.data) : Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = new Uint8Array(await new Response(stream).arrayBuffer());
  const Kind = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array }[packed.kind];
  const size = Kind.BYTES_PER_ELEMENT, count = data.length / size;
  const out = size === 1 ? data : new Kind(count);
  if (size === 2) for (let n = 0; n < count; n++) out[n] = data[n] | (data[count + n] << 8);
  if (packed.along) {
    const row = packed.shape[packed.shape.length - 1];
    for (let start = 0; start < count; start += row)
      for (let n = start + 1; n < start + row; n++) out[n] += out[n - 1];
  }
  return out;
}
