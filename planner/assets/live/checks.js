// Field checks that an edit overtakes: an outlet closed after a point was found met, or one opened after it was found unmet.
// What is measured counts there instead; by the rules of planner/verdicts.py (`current`).
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const FASTEST_MM_PER_MS = 34; // 120 km/h, rounded up: so far an outlet may be where minutes decide
  const KEPT = 16; // states of the checks of a standard whose codes are kept

  // Whether an outlet did after a check what may overtake it: closed after the point was found met, opened after unmet.
  const isAfter = (line, outlet) => outlet.standards.includes(line.standard) && (line.met ? outlet.closed : outlet.opened) > line.day;

  // Lines of one standard, each with the outlets that may overtake it and how far these are where they stand today.
  function linesOf(meta, s) {
    const { outlets, lines } = meta.checks;
    return lines.filter((line) => line.standard === s).map((line) => {
      const after = outlets.filter((outlet) => isAfter(line, outlet));
      return { ...line, after, mm: new Float64Array(after.length).fill(NaN) };
    });
  }

  // Outlets under an edit: whether one stands, and where.
  function standing(meta, { closed, moved }) {
    const gone = new Set(closed), places = new Map(Object.entries(moved)), idOf = (outlet) => meta.sites[outlet.site].id;
    return {
      stands: (outlet) => outlet.site !== null && !gone.has(idOf(outlet)),
      movedTo: (outlet) => (outlet.site === null ? undefined : places.get(idOf(outlet))),
    };
  }

  // Whether outlet k after a check lies near enough; of a point without a place of its own nobody knows, its district counts.
  function isNear({ meta, points }, line, k, moved, most) {
    const p = line.point, outlet = line.after[k];
    if (!line.own) {
      const district = meta.districts[points.district[p]] || "";
      return !district || !outlet.district || outlet.district === district;
    }
    if (moved) return live.greatCircleMm(points.lon[p], points.lat[p], moved[0], moved[1]) <= most;
    if (Number.isNaN(line.mm[k])) line.mm[k] = live.greatCircleMm(points.lon[p], points.lat[p], outlet.lon, outlet.lat);
    return line.mm[k] <= most;
  }

  // {codes(open), follows(site), doubted(open)} of what stands open under an edit (`laid`, without its codes).
  live.checker = function (load) {
    const { meta, points } = load, lines = meta.standards.map((_, s) => linesOf(meta, s));
    const kept = meta.standards.map(() => live.shelf(KEPT));

    function codeOf(open, s, { stands, movedTo }) {
      const most = open.limits[s] * (open.kinds[s].measure === "time" ? FASTEST_MM_PER_MS : 1);
      const none = !open.spots.some((spot) => spot.outlet[s]); // then what was found met cannot hold, near or far
      const isOvertaken = (line) => line.after.some((outlet, k) =>
        stands(outlet) !== line.met && ((none && line.met) || isNear(load, line, k, movedTo(outlet), most)));
      const overtaken = lines[s].map((line) => (isOvertaken(line) ? "1" : "0")).join("");
      const found = kept[s].get(overtaken);
      if (found) return found;
      const code = points.codes[s].slice();
      lines[s].forEach((line, k) => { code[line.point] = overtaken[k] === "1" ? line.measured : line.code; });
      return kept[s].put(overtaken, code, 1);
    }

    // By standard: what each point is under it. The same array as long as the same checks count.
    function codes(open) {
      const now = standing(meta, open.edit);
      return lines.map((mine, s) => (mine.length ? codeOf(open, s, now) : points.codes[s]));
    }

    // Whether the place of a site matters to any check.
    function follows(site) {
      return lines.some((mine) => mine.some((line) => line.after.some((outlet) => outlet.site === site)));
    }

    // Standards of which only a run can say which checks count: a moved outlet may come into another district of the layer.
    function doubted({ edit }) {
      if (!meta.areas) return [];
      const { movedTo } = standing(meta, edit), isMoved = (outlet) => movedTo(outlet) !== undefined;
      const isDoubted = (line) => !line.own && points.district[line.point] >= 0 && line.after.some(isMoved);
      return lines.flatMap((mine, s) => (mine.some(isDoubted) ? [s] : []));
    }

    // Points that a check may decide.
    const decided = (s) => lines[s].map((line) => line.point);

    return { codes, decided, doubted, follows };
  };
})(globalThis);
