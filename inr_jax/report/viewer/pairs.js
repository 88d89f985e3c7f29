// Held-out wells of a gene: what was measured against what was predicted.
class Cloud {
  static async of(data) {
    if (!data) return null;
    const cloud = new Cloud();
    [cloud.value, cloud.prediction] = await Promise.all([unpack(data.value), unpack(data.prediction)]);
    return Object.assign(cloud, { data, count: data.value.shape[1] });
  }

  draw(gene, units) {
    const canvas = document.getElementById("cloud"), pen = canvas.getContext("2d", { willReadFrequently: true });
    const { width, height } = canvas, left = 96, below = 76, right = 16, top = 16;
    const low = this.data.low[gene], high = this.data.high[gene], start = gene * this.count;
    const across = (level) => left + (level / 255) * (width - left - right), up = (level) => height - below - (level / 255) * (height - below - top);
    pen.clearRect(0, 0, width, height);
    pen.strokeStyle = "#7d878f";
    pen.lineWidth = 2;
    pen.strokeRect(left, top, width - left - right, height - below - top);
    pen.beginPath();
    pen.moveTo(across(0), up(0));
    pen.lineTo(across(255), up(255));
    pen.stroke();
    pen.fillStyle = this.count > 1000 ? "rgba(213, 94, 0, .3)" : "rgba(213, 94, 0, .6)";
    for (let n = start; n < start + this.count; n++) {
      pen.beginPath();
      pen.arc(across(this.prediction[n]), up(this.value[n]), 4, 0, 7);
      pen.fill();
    }
    pen.fillStyle = "#5a6570";
    pen.font = "22px system-ui, sans-serif";
    const digits = high - low < 1 ? 2 : high - low < 20 ? 1 : 0;
    pen.textAlign = "left";
    pen.fillText(low.toFixed(digits), left, height - below + 26);
    pen.textAlign = "right";
    pen.fillText(high.toFixed(digits), width - right, height - below + 26);
    pen.fillText(low.toFixed(digits), left - 8, height - below);
    pen.fillText(high.toFixed(digits), left - 8, top + 18);
    pen.textAlign = "center";
    pen.fillText(`predicted, ${units}`, (left + width - right) / 2, height - 18);
    pen.save();
    pen.translate(26, (top + height - below) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText("measured", 0, 0);
    pen.restore();
    const some = this.count < this.data.wells ? `${this.count} of ${this.data.wells}` : this.count;
    document.getElementById("cloudwords").textContent = `${some} held-out wells, each predicted by a fit that never saw its donor or block.`;
  }
}
