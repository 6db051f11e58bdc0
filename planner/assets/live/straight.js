// Whom a place reaches in a straight line: great-circle distances as planner/straight.py counts them, found in a grid.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const PER_CELL = 8; // people's points in a cell, about

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

  function straight(load) {
    const points = load.points, grid = gridOf(points);
    return { within: (lon, lat, limit, out) => within(points, grid, lon, lat, limit, out) };
  }

  Object.assign(live, { straight });
})(globalThis);
