// Draws the charts of the desk from the tables behind them, so picture and numbers can't differ.
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { LabelLayout } from "echarts/features";
import { init, use, type ECharts, type EChartsCoreOption } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, HeatmapChart, LineChart, GridComponent, TooltipComponent, VisualMapComponent, LabelLayout, CanvasRenderer]);

interface Spec {
  kind: "line" | "stack" | "bars" | "heat";
  unit: string;
  /** The last row isn't over yet: its point is hollow, and its label is always shown. */
  open: boolean;
  columns: string[];
  rows: (string | number | null)[][];
}

interface Colours {
  ink: string;
  faint: string;
  line: string;
  surface: string;
  sunken: string;
  accent: string;
}

// Custom properties come back as light-dark(…); a real element's colour comes back resolved.
function resolved(name: string): string {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function colours(): Colours {
  return {
    ink: resolved("--ink"),
    faint: resolved("--ink-faint"),
    line: resolved("--line"),
    surface: resolved("--surface"),
    sunken: resolved("--sunken"),
    accent: resolved("--accent"),
  };
}

function tooltip(c: Colours): object {
  // Rich text is drawn on the canvas: the HTML kind needs inline styles, which the page's policy forbids.
  return {
    renderMode: "richText",
    backgroundColor: c.surface,
    borderColor: c.line,
    textStyle: { color: c.ink, fontSize: 14 },
    confine: true,
  };
}

const LABEL_SIZE = 14;
// On a phone long names take two lines, so that the picture keeps most of the width.
const NARROW = 480;
const LABEL_ON_PHONES = 84;

const ruler = document.createElement("canvas").getContext("2d");

/** How wide the names at the ends of the lines are. */
function labelWidth(spec: Spec, width: number): number {
  if (!ruler) return LABEL_ON_PHONES;
  ruler.font = `600 ${LABEL_SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  const widest = Math.max(0, ...spec.columns.slice(1).map((name) => Math.ceil(ruler.measureText(name).width)));
  return width < NARROW ? Math.min(widest, LABEL_ON_PHONES) : widest;
}

function endLabel(spec: Spec, colour: string, width: number): object {
  return {
    show: true,
    formatter: "{a}",
    color: colour,
    fontSize: 13,
    lineHeight: 18,
    distance: 8,
    width: labelWidth(spec, width),
    overflow: "break",
  };
}

/** The values of a column. A point that isn't over is hollow; all others are only the line through them. */
function points(spec: Spec, column: number): object {
  const last = spec.rows.length - 1;
  return {
    showSymbol: spec.open,
    showAllSymbol: true,
    symbol: "emptyCircle",
    symbolSize: (_: unknown, at: { dataIndex: number }) => (at.dataIndex === last ? 8 : 0),
    data: spec.rows.map((row) => row[column]),
  };
}

function axes(spec: Spec, c: Colours, width: number): EChartsCoreOption {
  const named = spec.kind === "line" || spec.kind === "stack";
  return {
    grid: { left: 8, right: named ? labelWidth(spec, width) + 16 : 12, top: 16, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: spec.rows.map((row) => String(row[0])),
      boundaryGap: spec.kind === "bars",
      axisTick: { show: false },
      axisLine: { lineStyle: { color: c.line } },
      // The last day ends where the names begin, and stays out of their way.
      axisLabel: {
        color: c.faint,
        fontSize: 13,
        hideOverlap: true,
        showMaxLabel: spec.open || null,
        alignMaxLabel: named ? "right" : null,
      },
    },
    yAxis: {
      type: "value",
      splitNumber: 3,
      splitLine: { lineStyle: { color: c.line } },
      axisLabel: { color: c.faint, fontSize: 13 },
    },
  };
}

function line(spec: Spec, c: Colours, width: number): EChartsCoreOption {
  return {
    ...axes(spec, c, width),
    tooltip: { trigger: "axis", ...tooltip(c) },
    series: spec.columns.slice(1).map((name, index) => {
      const colour = index === 0 ? c.accent : index === 1 ? c.ink : c.faint;
      return {
        name,
        type: "line",
        ...points(spec, index + 1),
        lineStyle: { color: colour, width: index === 0 ? 2.5 : 1.5, type: index === 2 ? "dashed" : "solid" },
        itemStyle: { color: colour },
        areaStyle: index === 0 ? { color: c.accent, opacity: 0.08 } : undefined,
        endLabel: endLabel(spec, colour, width),
        labelLayout: { moveOverlap: "shiftY" },
      };
    }),
  };
}

/** The first column as a line, the others as the bands that add up to it, the first band at the bottom. */
function stack(spec: Spec, c: Colours, width: number): EChartsCoreOption {
  const opacities = [0.62, 0.4, 0.24, 0.12];
  const bands = spec.columns.slice(2).map((name, index) => ({
    name,
    type: "line",
    stack: "parts",
    showSymbol: false,
    data: spec.rows.map((row) => row[index + 2]),
    lineStyle: { width: 0 },
    itemStyle: { color: c.accent, opacity: opacities[index] ?? 0.1 },
    areaStyle: { color: c.accent, opacity: opacities[index] ?? 0.1 },
    endLabel: endLabel(spec, c.faint, width),
    labelLayout: { moveOverlap: "shiftY" },
  }));
  const total = {
    name: spec.columns[1],
    type: "line",
    ...points(spec, 1),
    lineStyle: { color: c.ink, width: 2 },
    itemStyle: { color: c.ink },
    endLabel: { ...endLabel(spec, c.ink, width), fontSize: LABEL_SIZE, fontWeight: 600 },
    labelLayout: { moveOverlap: "shiftY" },
  };
  return { ...axes(spec, c, width), tooltip: { trigger: "axis", ...tooltip(c) }, series: [total, ...bands] };
}

function bars(spec: Spec, c: Colours, width: number): EChartsCoreOption {
  return {
    ...axes(spec, c, width),
    tooltip: { trigger: "item", ...tooltip(c), formatter: "{b}: {c}" },
    series: [
      {
        type: "bar",
        data: spec.rows.map((row) => row[1]),
        itemStyle: { color: c.accent, borderRadius: [4, 4, 0, 0] },
        barMaxWidth: 40,
        label: { show: spec.rows.length <= 12, position: "top", color: c.ink, fontSize: 13 },
      },
    ],
  };
}

function heat(spec: Spec, c: Colours): EChartsCoreOption {
  const cells = spec.rows.flatMap((row, y) => row.slice(1).map((value, x) => [x, y, Number(value)]));
  const most = Math.max(1, ...cells.map((cell) => cell[2] ?? 0));
  return {
    grid: { left: 8, right: 8, top: 8, bottom: 4, containLabel: true },
    tooltip: {
      ...tooltip(c),
      formatter: (hit: { value: [number, number, number] }) =>
        `${spec.rows[hit.value[1]]?.[0]} ${spec.columns[hit.value[0] + 1]}: ${hit.value[2].toLocaleString("en")} ${spec.unit}`,
    },
    xAxis: {
      type: "category",
      data: spec.columns.slice(1),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { color: c.faint, fontSize: 13, hideOverlap: true },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: spec.rows.map((row) => String(row[0])),
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { color: c.faint, fontSize: 13 },
    },
    visualMap: { show: false, min: 0, max: most, inRange: { color: [c.sunken, c.accent] } },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: c.surface, borderWidth: 2, borderRadius: 3 } }],
  };
}

const draw = { line, stack, bars, heat };
const drawn = new Map<HTMLElement, ECharts>();

function render(frame: HTMLElement): void {
  const canvas = frame.querySelector<HTMLElement>(".chart-canvas");
  const source = frame.querySelector<HTMLScriptElement>("script[type='application/json']");
  if (!canvas || !source) return;
  const spec = JSON.parse(source.textContent ?? "") as Spec;
  const chart = drawn.get(canvas) ?? init(canvas, undefined, { renderer: "canvas" });
  drawn.set(canvas, chart);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const textStyle = { fontFamily: getComputedStyle(document.body).fontFamily };
  chart.setOption({ animation: !still, animationDuration: 300, textStyle, ...draw[spec.kind](spec, colours(), canvas.clientWidth) }, true);
}

function renderAll(): void {
  for (const [canvas, chart] of drawn) {
    if (canvas.isConnected) continue;
    chart.dispose();
    drawn.delete(canvas);
  }
  document.querySelectorAll<HTMLElement>("[data-chart]").forEach(render);
}

renderAll();
document.body.addEventListener("htmx:afterSettle", renderAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renderAll);
addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
