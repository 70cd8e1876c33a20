import type uPlot from 'uplot';
import { curves, type Losses } from './losses';

const HEIGHT = 200;
const LOGARITHMIC = 3;

export interface Ink {
  readonly soft: string;
  readonly line: string;
  readonly total: string;
  readonly content: string;
  readonly style: string;
}

/** The colours of the theme as a canvas takes them. */
export function inkOf(place: HTMLElement): Ink {
  const probe = document.createElement('span');
  place.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--color-${name})`;
    return getComputedStyle(probe).color;
  };
  const ink = {
    soft: colour('soft'),
    line: colour('line'),
    total: colour('ink'),
    content: colour('good'),
    style: colour('accent'),
  };
  probe.remove();
  return ink;
}

export const chartRows = (losses: Losses): uPlot.AlignedData =>
  curves(losses) as unknown as uPlot.AlignedData;

export function chartOptions(
  width: number,
  ink: Ink,
  shown: () => number | null,
  choose: (iteration: number) => void,
): uPlot.Options {
  const line = (stroke: string, thickness: number): uPlot.Series => ({
    stroke,
    width: thickness,
    points: { show: false },
  });
  const axis: uPlot.Axis = {
    stroke: ink.soft,
    grid: { stroke: ink.line, width: 1 },
    ticks: { show: false },
    font: '11px sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    scales: { x: { time: false }, y: { distr: LOGARITHMIC } },
    series: [{}, line(ink.total, 2), line(ink.content, 1.5), line(ink.style, 1.5)],
    axes: [
      { ...axis, size: 26 },
      { ...axis, size: 46 },
    ],
    cursor: { drag: { x: false, y: false }, y: false },
    hooks: {
      draw: [(chart) => mark(chart, shown(), ink.soft)],
      ready: [(chart) => chart.over.addEventListener('click', () => chosen(chart, choose))],
    },
  };
}

/** A line where the scrubber is. */
function mark(chart: uPlot, iteration: number | null, colour: string): void {
  if (iteration === null) return;
  const x = Math.round(chart.valToPos(iteration, 'x', true));
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function chosen(chart: uPlot, choose: (iteration: number) => void): void {
  const index = chart.cursor.idx;
  const iteration = typeof index === 'number' ? chart.data[0][index] : undefined;
  if (iteration !== undefined) choose(Math.round(iteration));
}
