/** A point of a chart that wants its name beside it; in pixels from the top left. */
export interface LabelledPoint {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

/** Where a label goes, from its point. */
export interface LabelPlace {
  readonly dx: number;
  readonly dy: number;
  readonly textAnchor: "start" | "middle" | "end";
}

/** A rectangle of a chart, in pixels. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** What a letter takes on average, and a line, at the charts' font size. */
const LETTER_WIDTH = 6.7;
const LINE_HEIGHT = 13;
const POINT_RADIUS = 6;

/** By preference. */
const PLACES: readonly LabelPlace[] = [
  { dx: 11, dy: 0, textAnchor: "start" },
  { dx: -11, dy: 0, textAnchor: "end" },
  { dx: 0, dy: -15, textAnchor: "middle" },
  { dx: 0, dy: 15, textAnchor: "middle" },
  { dx: 9, dy: -11, textAnchor: "start" },
  { dx: 9, dy: 11, textAnchor: "start" },
  { dx: -9, dy: -11, textAnchor: "end" },
  { dx: -9, dy: 11, textAnchor: "end" },
  { dx: 0, dy: -28, textAnchor: "middle" },
  { dx: 0, dy: 28, textAnchor: "middle" }
];

/**
 * Finds each label a place where it covers no point, no other label and none of the obstacles, and stays within the
 * frame; where there is none left, the place with the least overlap.
 *
 * @returns a place for each point, in their order
 */
export function placeLabels(
  points: readonly LabelledPoint[],
  frame: Box,
  obstacles: readonly Box[] = []
): LabelPlace[] {
  const taken: Box[] = [...obstacles];
  taken.push(...points.map(({ x, y }) => around(x, y, POINT_RADIUS, POINT_RADIUS)));
  return points.map((point) => {
    let best = PLACES[0]!;
    let least = Infinity;
    for (const place of PLACES) {
      const box = boxOf(point, place);
      const cost = taken.reduce((sum, other) => sum + overlap(box, other), 0) + outside(box, frame);
      if (cost < least) [best, least] = [place, cost];
    }
    taken.push(boxOf(point, best));
    return best;
  });
}

function boxOf({ x, y, label }: LabelledPoint, { dx, dy, textAnchor }: LabelPlace): Box {
  const half = (LETTER_WIDTH * label.length) / 2;
  const shift = textAnchor === "start" ? half : textAnchor === "end" ? -half : 0;
  return around(x + dx + shift, y + dy, half, LINE_HEIGHT / 2);
}

function around(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Weighs more than an overlap: what is cut off cannot be read at all. */
function outside(box: Box, frame: Box): number {
  const over =
    Math.max(0, frame.left - box.left) +
    Math.max(0, box.right - frame.right) +
    Math.max(0, frame.top - box.top) +
    Math.max(0, box.bottom - frame.bottom);
  return 100 * over;
}
