/**
 * Counters, gauges and histograms, written down in Prometheus' text format 0.0.4. Values in, text out.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export type Labels = Readonly<Record<string, string>>;

/** One metric with all its labels, as text. */
export interface Metric {
  write(): string;
}

interface Description {
  readonly name: string;
  readonly help: string;
}

/** Only grows. */
export class Counter implements Metric {
  readonly #description: Description;
  readonly #samples = new Map<string, number>();

  /** @param initial label sets that are there from the start, at 0: what never happened is told from what is not counted */
  constructor(name: string, help: string, initial: readonly Labels[] = []) {
    this.#description = { name, help };
    for (const labels of initial) this.#samples.set(labelText(labels), 0);
  }

  add(labels: Labels, count = 1): void {
    const key = labelText(labels);
    this.#samples.set(key, (this.#samples.get(key) ?? 0) + count);
  }

  write(): string {
    const { name } = this.#description;
    const lines = [...this.#samples].map(([labels, value]) => sample(name, labels, value));
    return family(this.#description, "counter", lines);
  }
}

/** Looked at when somebody asks. */
export class Gauge implements Metric {
  readonly #description: Description;
  readonly #read: () => Iterable<readonly [Labels, number]>;

  constructor(name: string, help: string, read: () => Iterable<readonly [Labels, number]>) {
    this.#description = { name, help };
    this.#read = read;
  }

  write(): string {
    const { name } = this.#description;
    const lines = [...this.#read()].map(([labels, value]) => sample(name, labelText(labels), value));
    return family(this.#description, "gauge", lines);
  }
}

/** How often values came up to each of some bounds. */
export class Histogram implements Metric {
  readonly #description: Description;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds rising */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#description = { name, help };
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
    this.#count += 1;
  }

  write(): string {
    const { name } = this.#description;
    let below = 0;
    const buckets = this.#bounds.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return sample(`${name}_bucket`, labelText({ le: String(bound) }), below);
    });
    return family(this.#description, "histogram", [
      ...buckets,
      sample(`${name}_bucket`, labelText({ le: "+Inf" }), this.#count),
      sample(`${name}_sum`, "", this.#sum),
      sample(`${name}_count`, "", this.#count),
    ]);
  }
}

function family({ name, help }: Description, type: string, lines: readonly string[]): string {
  const text = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return [`# HELP ${name} ${text}`, `# TYPE ${name} ${type}`, ...lines].map((line) => `${line}\n`).join("");
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels} ${numberText(value)}`;
}

/** As Go's ParseFloat reads it, which is how the format has it. */
function numberText(value: number): string {
  return Math.abs(value) === Infinity ? (value < 0 ? "-Inf" : "+Inf") : String(value);
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
