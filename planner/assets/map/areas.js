/* The map of service areas: one layer for each cutoff, and what they were drawn with. */
(function () {
  "use strict";
  const {
    data, words, make, append, unpack, shape, canvasOf, facts, section, siteKeys, frame, renderers, Late,
  } = window.plannerPage;

  /* From the nearest cutoff to the farthest. */
  const DARK = [8, 48, 107], LIGHT = [86, 160, 211];

  function style(number) {
    const share = number / Math.max(1, data.areas.length - 1);
    const color = `rgb(${DARK.map((from, i) => Math.round(from + share * (LIGHT[i] - from))).join(",")})`;
    return { color, weight: 1.4, opacity: 0.9, fillColor: color, fillOpacity: 0.14 };
  }

  function areas(number) {
    const area = data.areas[number];
    return new Late((group) => {
      const rings = unpack(area.lines);
      let at = 0;
      area.rings.forEach((count) => {
        group.addLayer(L.polygon(rings.slice(at, at + count), { ...style(number), interactive: false, pane: "areas", renderer: renderers.areas }));
        at += count;
      });
    });
  }

  function areaKeys() {
    const keys = make("div", "pm-keys");
    data.areas.forEach((area, number) => {
      const { color, weight, fillColor, fillOpacity } = style(number);
      const box = shape("rect", { x: -9, y: -6, width: 18, height: 12, fill: fillColor, "fill-opacity": fillOpacity, stroke: color, "stroke-width": weight });
      append(keys, append(canvasOf(22), box), make("span", "", area.name));
    });
    return section(words.key_areas, keys);
  }

  frame([areaKeys(), siteKeys(), section(words.parameters, facts(data.facts))], []);
  Object.assign(window.plannerMap, { areas });
})();
