// Whom a place reaches in a straight line: great-circle distances as planner/straight.py counts them, found in a grid.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const PER_CELL = 8; // people's points in a cell, about
  const SLACK = 1e-9; // chords of the unit sphere are compared with this margin, then measured: 6 mm on the ground

  // Points in cells of degrees, row by row; those without a place are in none.
  function gridOf(points) {
    let west = Infinity, south = Infinity, east = -Infinity, north = -Infinity, count = 0;
    for (let p = 0; p < points.n; p++) {
      if (!Number.isFinite(points.lon[p] + points.lat[p])) continue;
      west = Math.min(west, points.lon[p]);
      east = Math.max(east, points.lon[p]);
      south = Math.min(south, points.lat[p]);
      north = Math.max(north, points.lat[p]);
      count++;
    }
    const side = Math.max(1, Math.ceil(Math.sqrt(count / PER_CELL)));
    const wide = (east - west) / side || 1, high = (north - south) / side || 1;
    const column = (lon) => Math.max(0, Math.min(side - 1, Math.floor((lon - west) / wide)));
    const row = (lat) => Math.max(0, Math.min(side - 1, Math.floor((lat - south) / high)));
    const start = new Uint32Array(side * side + 1), order = new Uint32Array(count);
    const each = (put) => {
      for (let p = 0; p < points.n; p++) {
        if (Number.isFinite(points.lon[p] + points.lat[p])) put(p, row(points.lat[p]) * side + column(points.lon[p]));
      }
    };
    each((p, cell) => start[cell + 1]++);
    for (let cell = 0; cell < side * side; cell++) start[cell + 1] += start[cell];
    const next = start.slice();
    each((p, cell) => { order[next[cell]++] = p; });
    return { side, column, row, start, order };
  }

  // Rows and columns that a circle may touch: all of them where it comes near a pole or around the other side.
  function cellsAround(grid, lon, lat, limit) {
    const angle = (limit / 1000 + 0.01) / live.EARTH_RADIUS_M, last = grid.side - 1;
    const north = lat + angle / live.DEGREE, south = lat - angle / live.DEGREE;
    const far = Math.sin(angle) / Math.cos(lat * live.DEGREE); // sine of how far east the circle goes
    const wide = Math.asin(Math.min(far, 1)) / live.DEGREE + 1e-9;
    if (!(north < 90 && south > -90 && far < 1 && lon - wide > -180 && lon + wide < 180)) return [0, last, 0, last];
    return [grid.row(south), grid.row(north), grid.column(lon - wide), grid.column(lon + wide)];
  }

  // Points at most `limit` mm from a place, into `out`. Returns how many.
  function within(points, grid, lon, lat, limit, out) {
    if (!(limit >= 0 && Number.isFinite(lon + lat))) return 0;
    const [low, high, left, right] = cellsAround(grid, lon, lat, limit), { side, start, order } = grid;
    let count = 0;
    for (let row = low; row <= high; row++) {
      for (let k = start[row * side + left]; k < start[row * side + right + 1]; k++) {
        const p = order[k], mm = live.greatCircleMm(points.lon[p], points.lat[p], lon, lat);
        if (mm > limit) continue;
        out.point[count] = p;
        out.cost[count++] = mm;
      }
    }
    return count;
  }

  // On the unit sphere, three numbers a place.
  function sphere(lon, lat, n) {
    const at = new Float64Array(3 * n);
    for (let k = 0; k < n; k++) {
      const lambda = lon[k] * live.DEGREE, phi = lat[k] * live.DEGREE;
      at[3 * k] = Math.cos(phi) * Math.cos(lambda);
      at[3 * k + 1] = Math.cos(phi) * Math.sin(lambda);
      at[3 * k + 2] = Math.sin(phi);
    }
    return at;
  }

  // The `count` nearest of some places [lon, lat] for every point: `site` is the place's number, -1 where there is none; of
  // equally near ones the lowest comes first. Chords say which may be among them, great circles decide.
  function nearest(points, from, places, count) {
    const to = sphere(places.map((place) => place[0]), places.map((place) => place[1]), places.length);
    const site = new Int32Array(points.n * count).fill(-1), cost = new Float64Array(points.n * count).fill(Infinity);
    const chord = new Float64Array(places.length), least = new Float64Array(count);
    for (let p = 0; p < points.n; p++) {
      const x = from[3 * p], y = from[3 * p + 1], z = from[3 * p + 2];
      least.fill(Infinity);
      for (let k = 0; k < places.length; k++) {
        const dx = to[3 * k] - x, dy = to[3 * k + 1] - y, dz = to[3 * k + 2] - z, square = dx * dx + dy * dy + dz * dz;
        chord[k] = square;
        for (let i = count - 1; i >= 0 && square < least[i]; i--) {
          if (i < count - 1) least[i + 1] = least[i];
          least[i] = square;
        }
      }
      const most = (Math.sqrt(least[count - 1]) + SLACK) * (Math.sqrt(least[count - 1]) + SLACK);
      for (let k = 0; k < places.length; k++) {
        if (chord[k] <= most) insert(cost, site, p * count, count, live.greatCircleMm(points.lon[p], points.lat[p], places[k][0], places[k][1]), k);
      }
    }
    return { site, cost };
  }

  // Places come in the order of their numbers, so an equal cost goes behind.
  function insert(cost, site, base, count, mm, place) {
    let at = base + count;
    while (at > base && mm < cost[at - 1]) at--;
    if (at === base + count) return;
    cost.copyWithin(at + 1, at, base + count - 1);
    site.copyWithin(at + 1, at, base + count - 1);
    cost[at] = mm;
    site[at] = place;
  }

  function straight(load) {
    const points = load.points, grid = gridOf(points), from = sphere(points.lon, points.lat, points.n);
    return {
      within: (lon, lat, limit, out) => within(points, grid, lon, lat, limit, out),
      nearest: (places, count = 1) => nearest(points, from, places, count),
    };
  }

  Object.assign(live, { straight });
})(globalThis);
