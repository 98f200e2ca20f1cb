/** A line for each thing measured: both figures, how they compare, the goal, and whether it was met. */

export class Report {
  missed = 0;

  /** @param comparison what is held against the goal, in words. @param met undefined: there is no goal */
  row(what: string, figures: string, comparison = "", goal = "", met?: boolean): void {
    if (met === false) this.missed += 1;
    const verdict = met === undefined ? "" : met ? "met" : "MISSED";
    process.stdout.write(
      `${[what.padEnd(34), figures.padEnd(40), comparison.padEnd(10), goal.padEnd(12), verdict].join(" ").trimEnd()}\n`,
    );
  }
}
