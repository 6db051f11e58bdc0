// Field checks that an edit overtakes: an outlet closed after a point was found met, or one opened after it was found unmet.
// What is measured counts there instead; by the rules of planner/overtaken.py (`current`).
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const KEPT = 16; // states of the checks of a standard whose codes are kept

  // Whether an outlet did after a check what may overtake it: closed after the point was found met, opened after unmet.
  const isAfter = (line, outlet) => outlet.standards.includes(line.standard) && (line.met ? outlet.closed : outlet.opened) > line.day;

  // Lines of one standard, each with what is kept of how far outlets are where they stand today.
  function linesOf(meta, s) {
    return meta.checks.lines.filter((line) => line.standard === s).map((line) => ({ ...line, mm: new Map() }));
  }

  // Outlets under an edit: whether one stands, and where.
  function standing(meta, { closed, moved }) {
    const gone = new Set(closed), places = new Map(Object.entries(moved)), idOf = (outlet) => meta.sites[outlet.site].id;
    return {
      stands: (outlet) => outlet.site !== null && !gone.has(idOf(outlet)),
      movedTo: (outlet) => (outlet.site === null ? undefined : places.get(idOf(outlet))),
    };
  }

  // Whether an outlet lies near enough to a checked point; of one without a place of its own nobody knows, its district counts.
  function isNear({ meta, points }, line, outlet, moved, most) {
    const p = line.point;
    if (!line.own) {
      const district = meta.districts[points.district[p]] || "";
      return !district || !outlet.district || outlet.district === district;
    }
    if (moved) return live.greatCircleMm(points.lon[p], points.lat[p], moved[0], moved[1]) <= most;
    if (!line.mm.has(outlet)) line.mm.set(outlet, live.greatCircleMm(points.lon[p], points.lat[p], outlet.lon, outlet.lat));
    return line.mm.get(outlet) <= most;
  }

  // {codes(open), follows(site), doubted(open)} of what stands open under an edit (`laid`, without its codes).
  live.checker = function (load) {
    const { meta, points } = load, { outlets, fastest_mm_per_ms: fastest } = meta.checks, lines = meta.standards.map((_, s) => linesOf(meta, s));
    const kept = meta.standards.map(() => live.shelf(KEPT));

    function codeOf(open, s, { stands, movedTo }) {
      const most = open.limits[s] * (open.kinds[s].measure === "time" ? fastest : 1);
      const none = !open.spots.some((spot) => spot.outlet[s]); // then what was found met cannot hold, near or far
      // what stands overtakes points found unmet, and what stands no longer those found met
      const here = outlets.filter((outlet) => outlet.opened && stands(outlet)), gone = outlets.filter((outlet) => !stands(outlet));
      const isOvertaken = (line) => (line.met ? gone : here).some((outlet) =>
        isAfter(line, outlet) && ((none && line.met) || isNear(load, line, outlet, movedTo(outlet), most)));
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

    // Whether some checks count or not by where an outlet stands: those of points found unmet before it opened.
    function follows(site) {
      const mine = outlets.filter((outlet) => outlet.site === site);
      return lines.some((some) => some.some((line) => !line.met && mine.some((outlet) => isAfter(line, outlet))));
    }

    // Standards of which only a run can say which checks count: a moved outlet may come into another district of the layer.
    function doubted({ edit }) {
      const moved = meta.areas ? outlets.filter((outlet) => standing(meta, edit).movedTo(outlet)) : [];
      const isDoubted = (line) => !line.met && !line.own && points.district[line.point] >= 0 && moved.some((outlet) => isAfter(line, outlet));
      return lines.flatMap((mine, s) => (mine.some(isDoubted) ? [s] : []));
    }

    // Points that a check may decide.
    const decided = (s) => lines[s].map((line) => line.point);

    return { codes, decided, doubted, follows };
  };
})(globalThis);
