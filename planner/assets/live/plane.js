// The plane of a UTM zone, and distances on the globe: the places where the planner counts, to its millimetres.
//
// UTM by the series of Krueger (1912) to the sixth order in the third flattening, as Karney (2011, "Transverse Mercator
// with an accuracy of a few nanometers", J. Geodesy 85) gives it: a few nanometres within a zone.
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};

  const EARTH_RADIUS_M = 6371009; // of the sphere: that of planner/geodesy.py
  const DEGREE = Math.PI / 180;

  // WGS-84
  const A_M = 6378137;
  const F = 1 / 298.257223563;
  const E2 = F * (2 - F);
  const E = Math.sqrt(E2);
  const N = F / (2 - F);
  const RECTIFYING_M = A_M / (1 + N) * (1 + N * N * (1 / 4 + N * N * (1 / 64 + N * N / 256)));
  const SCALE_M = 0.9996 * RECTIFYING_M;
  const EASTING_M = 500000;
  const NORTHING_SOUTH_M = 10000000;

  // farther than this from the middle of the zone (as arcs of the normal Mercator) the series mean nothing
  const FARTHEST = 2.6;

  // powers of the third flattening from the first, the second, … on: rows of the series of Krueger
  const series = (rows) => Float64Array.from(rows, (row, k) => {
    let value = 0;
    for (let i = row.length - 1; i >= 0; i--) value = row[i] + N * value;
    return value * Math.pow(N, k + 1);
  });
  const ALPHA = series([
    [1 / 2, -2 / 3, 5 / 16, 41 / 180, -127 / 288, 7891 / 37800],
    [13 / 48, -3 / 5, 557 / 1440, 281 / 630, -1983433 / 1935360],
    [61 / 240, -103 / 140, 15061 / 26880, 167603 / 181440],
    [49561 / 161280, -179 / 168, 6601661 / 7257600],
    [34729 / 80640, -3418889 / 1995840],
    [212378941 / 319334400],
  ]);
  const BETA = series([
    [1 / 2, -2 / 3, 37 / 96, -1 / 360, -81 / 512, 96199 / 604800],
    [1 / 48, 1 / 15, -437 / 1440, 46 / 105, -1118711 / 3870720],
    [17 / 480, -37 / 840, -209 / 4480, 5569 / 90720],
    [4397 / 161280, -11 / 504, -830251 / 7257600],
    [4583 / 161280, -108847 / 3991680],
    [20648693 / 638668800],
  ]);

  // Sum of c[j] sin(2(j + 1)(xi + i eta)), by Clenshaw's recurrence; the real and the imaginary part go to `sum`.
  const sum = new Float64Array(2);
  function summed(c, xi, eta) {
    const sin = Math.sin(2 * xi), cos = Math.cos(2 * xi), sinh = Math.sinh(2 * eta), cosh = Math.cosh(2 * eta);
    const re = 2 * cos * cosh, im = -2 * sin * sinh;
    let r = 0, i = 0, r1 = 0, i1 = 0;
    for (let j = 5; j >= 0; j--) {
      const nextR = re * r - im * i - r1 + c[j], nextI = im * r + re * i - i1;
      r1 = r;
      i1 = i;
      r = nextR;
      i = nextI;
    }
    sum[0] = sin * cosh * r - cos * sinh * i;
    sum[1] = sin * cosh * i + cos * sinh * r;
  }

  // Tangent of the conformal latitude from that of the latitude.
  function conformal(tau) {
    const secant = Math.sqrt(1 + tau * tau);
    const sigma = Math.sinh(E * Math.atanh(E * tau / secant));
    return tau * Math.sqrt(1 + sigma * sigma) - sigma * secant;
  }

  // Newton's method, which doubles the right digits with each step: three are more than enough.
  function geographic(conformalTau) {
    let tau = conformalTau / Math.sqrt(1 - E2);
    for (let step = 0; step < 3; step++) {
      const found = conformal(tau);
      const slope = (1 - E2) * Math.sqrt(1 + tau * tau) * Math.sqrt(1 + found * found) / (1 + (1 - E2) * tau * tau);
      tau += (conformalTau - found) / slope;
    }
    return tau;
  }

  // Degrees to metres and back. Beyond the reach of the zone both give NaN.
  function utm(zone, south) {
    const middle = (zone - 0.5) * 6 * DEGREE - Math.PI;
    const northing = south ? NORTHING_SOUTH_M : 0;
    function forward(lon, lat) {
      let lambda = lon * DEGREE - middle;
      if (lambda > Math.PI) lambda -= 2 * Math.PI;
      if (lambda < -Math.PI) lambda += 2 * Math.PI;
      const tau = conformal(Math.tan(lat * DEGREE)), cos = Math.cos(lambda);
      const xi = Math.atan2(tau, cos), eta = Math.asinh(Math.sin(lambda) / Math.sqrt(tau * tau + cos * cos));
      if (!(Math.abs(eta) < FARTHEST && Math.abs(lat) <= 90)) return [NaN, NaN];
      summed(ALPHA, xi, eta);
      return [SCALE_M * (eta + sum[1]) + EASTING_M, SCALE_M * (xi + sum[0]) + northing];
    }
    function inverse(x, y) {
      const northward = (y - northing) / SCALE_M, eastward = (x - EASTING_M) / SCALE_M;
      if (!(Math.abs(eastward) < FARTHEST)) return [NaN, NaN];
      summed(BETA, northward, eastward);
      const xi = northward - sum[0], eta = eastward - sum[1];
      const sinh = Math.sinh(eta), cos = Math.cos(xi);
      const tau = geographic(Math.sin(xi) / Math.sqrt(sinh * sinh + cos * cos));
      const lon = (Math.atan2(sinh, cos) + middle) / DEGREE;
      return [lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon, Math.atan(tau) / DEGREE];
    }
    return { zone, south, forward, inverse };
  }

  // To a whole number, a half to the even one: what numpy.rint does.
  function rint(value) {
    const below = Math.floor(value), rest = value - below;
    if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
    return below % 2 === 0 ? below : below + 1;
  }

  // By the haversine formula on the sphere, in whole millimetres: the formula and the order of planner/geodesy.py.
  function greatCircleMm(lon1, lat1, lon2, lat2) {
    const phi1 = lat1 * DEGREE, phi2 = lat2 * DEGREE;
    const sinPhi = Math.sin((phi2 - phi1) / 2), sinLambda = Math.sin((lon2 * DEGREE - lon1 * DEGREE) / 2);
    const haversine = sinPhi * sinPhi + Math.cos(phi1) * Math.cos(phi2) * (sinLambda * sinLambda);
    return rint(2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, haversine))) * 1000);
  }

  Object.assign(live, { EARTH_RADIUS_M, DEGREE, utm, rint, greatCircleMm });
})(globalThis);
