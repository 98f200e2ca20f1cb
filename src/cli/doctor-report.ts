/** What `mailkey doctor` found, for people and for programs. */
import { styleText } from "node:util";
import type { CheckGroup } from "../doctor/checks.ts";
import type { Mended } from "../doctor/fix.ts";
import type { ReportedFinding } from "../doctor/run.ts";
import { withoutControls } from "../platform/text.ts";
import { table, tinted } from "./table.ts";
import { wrapText } from "./wrap.ts";

export interface Examined {
  readonly checks: number;
  readonly accounts: number;
  readonly findings: readonly ReportedFinding[];
}

export interface ReportStyle {
  readonly colour: boolean;
  readonly columns: number;
}

const TONES = { error: "bad", warning: "warn" } as const;
/** As wide as `warning  `: what is said of a finding stands in one column. */
const MARGIN = 9;
/** Further in than the text, so that commands are seen and copied line by line. */
const COMMAND_INDENT = " ".repeat(MARGIN + 2);

/** Every finding under the heading of whose it is, then the count. Ends in a newline. */
export function reportText({ checks, accounts, findings }: Examined, style: ReportStyle): string {
  const scope = `${counted(checks, "check")}, ${counted(accounts, "account")}`;
  if (findings.length === 0) return `${tinted({ text: "Nothing is wrong", tone: "good" }, style.colour)} (${scope}).\n`;
  const headings = new Map<string, ReportedFinding[]>();
  for (const finding of findings) {
    const heading = finding.addresses.length === 0 ? "This machine" : finding.addresses.join(", ");
    headings.set(heading, [...(headings.get(heading) ?? []), finding]);
  }
  const sections = [...headings].map(
    ([heading, found]) =>
      `${bold(heading, style)}\n\n${byRemedy(found)
        .map((each) => blockText(each, style))
        .join("\n")}`,
  );
  return `${sections.join("\n")}\n${wrapText(closing(findings, scope), style.columns)}\n`;
}

/** What the same commands mend stands together, so that they are read and typed once; in the order of the first of them. */
function byRemedy(findings: readonly ReportedFinding[]): ReportedFinding[][] {
  const blocks = new Map<string, ReportedFinding[]>();
  for (const [index, finding] of findings.entries()) {
    const key = finding.remedy.length === 0 ? String(index) : JSON.stringify(finding.remedy);
    blocks.set(key, [...(blocks.get(key) ?? []), finding]);
  }
  return [...blocks.values()];
}

function blockText(findings: readonly ReportedFinding[], style: ReportStyle): string {
  const lines = findings.flatMap(({ severity, seen, ...finding }, index) => {
    const word = tinted({ text: severity, tone: TONES[severity] }, style.colour) + " ".repeat(MARGIN - severity.length);
    const line = word + paragraph(seen, style).slice(MARGIN);
    const next = findings[index + 1];
    return next?.means === finding.means && next.advice === finding.advice
      ? [line]
      : [line, ...meaning(finding, style)];
  });
  const remedy = findings[0]?.remedy ?? [];
  if (remedy.length > 0) lines.push(paragraph(findings.length === 1 ? "To mend it:" : "To mend all of this:", style));
  for (const command of remedy) lines.push(COMMAND_INDENT + bold(withoutControls(command), style));
  const checks = new Set(findings.map(({ check }) => check));
  lines.push(paragraph(`(${[...checks].join(", ")})`, style, "dim"));
  return lines.map((line) => `${line}\n`).join("");
}

function meaning({ means, advice }: Pick<ReportedFinding, "means" | "advice">, style: ReportStyle): string[] {
  return [means, ...(advice === undefined ? [] : [advice])].map((text) => paragraph(text, style));
}

function paragraph(text: string, { colour, columns }: ReportStyle, tone: "plain" | "dim" = "plain"): string {
  return tinted({ text: wrapText(" ".repeat(MARGIN) + withoutControls(text), columns), tone }, colour);
}

function bold(text: string, { colour }: ReportStyle): string {
  return colour ? styleText("bold", text, { validateStream: false }) : text;
}

function closing(findings: readonly ReportedFinding[], scope: string): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  const found = [
    ...(errors === 0 ? [] : [counted(errors, "error")]),
    ...(warnings === 0 ? [] : [counted(warnings, "warning")]),
  ].join(", ");
  const safe = new Set(findings.flatMap(({ fix }) => fix?.does ?? [])).size;
  const offer = safe === 0 ? "" : ` mailkey doctor --fix mends ${safe === findings.length ? "all" : safe} of them.`;
  return `${found} (${scope}).${offer}`;
}

/** The members are part of the command line's interface. */
export function reportJson({ checks, accounts, findings }: Examined, mended: readonly Mended[]): unknown {
  return {
    checks,
    accounts,
    findings: findings.map(({ check, severity, addresses, seen, means, remedy, advice, fix, sources }) => ({
      check,
      severity,
      addresses,
      seen,
      means,
      remedy,
      advice: advice ?? null,
      fix: fix?.does ?? null,
      sources: sources ?? [],
    })),
    fixed: mended.map(({ does, failure }) => ({ does, failure: failure ?? null })),
  };
}

export function checkList(groups: readonly CheckGroup[], colour: boolean): string {
  const rows = groups.flatMap(({ checks }) => checks.map(({ id, title }) => [{ text: id }, { text: title }]));
  return table(["CHECK", "LOOKS AT"], rows, colour);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
