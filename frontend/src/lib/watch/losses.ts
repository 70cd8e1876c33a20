export interface Losses {
  readonly iteration: readonly number[];
  /** Index of the size that was worked at; a loss means something else at another. */
  readonly scale: readonly number[];
  readonly total: readonly (number | null)[];
  readonly content: readonly (number | null)[];
  readonly style: readonly (number | null)[];
}

type Column = keyof Losses;
const COLUMNS: readonly Column[] = ['iteration', 'scale', 'total', 'content', 'style'];

/** The table that `losses.csv` is. An attempt that was taken over repeats iterations: the later line counts. */
export function parseLosses(csv: string): Losses {
  const [head = '', ...lines] = csv.trim().split(/\r?\n/);
  const names = head.split(',');
  const places = COLUMNS.map((column) => names.indexOf(column));
  const rows = new Map<number, readonly (number | null)[]>();
  for (const line of lines) {
    const cells = line.split(',');
    const values = places.map((place) => asNumber(cells[place]));
    const iteration = values[0];
    if (typeof iteration === 'number') rows.set(iteration, values);
  }
  const sorted = [...rows].sort(([a], [b]) => a - b);
  const column = (place: number): (number | null)[] => sorted.map(([, values]) => values[place] ?? null);
  return {
    iteration: sorted.map(([iteration]) => iteration),
    scale: column(1).map((scale) => scale ?? 0),
    total: column(2),
    content: column(3),
    style: column(4),
  };
}

/** The curves for a chart: a gap between two sizes, and where a logarithm has no place for a value. */
export function curves(losses: Losses): (number | null)[][] {
  const rows: (number | null)[][] = [];
  losses.iteration.forEach((iteration, place) => {
    const { [place - 1]: former, [place]: scale } = losses.scale;
    if (place > 0 && scale !== former) rows.push([iteration - 0.5, null, null, null]);
    const values = [losses.total[place], losses.content[place], losses.style[place]];
    rows.push([iteration, ...values.map((value) => (typeof value === 'number' && value > 0 ? value : null))]);
  });
  return [0, 1, 2, 3].map((column) => rows.map((row) => row[column] ?? null));
}

export interface Fall {
  readonly first: number;
  readonly last: number;
  readonly iterations: number;
  readonly scales: number;
}

/** From where to where the total went at the size that is worked at now; null before there are two values. */
export function fall(losses: Losses): Fall | null {
  const now = losses.scale.at(-1);
  const known = losses.total.filter(
    (value, place): value is number => value !== null && losses.scale[place] === now,
  );
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < 2) return null;
  return { first, last, iterations: known.length, scales: new Set(losses.scale).size };
}

function asNumber(cell: string | undefined): number | null {
  if (cell === undefined || cell.trim() === '') return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
