/**
 * Runs every test: the unit tests and the mail programs once, the end-to-end tests against each of the two artefacts. Closes with one line of counts
 * and fails when a test failed, none ran, or, with CI=true, one was skipped.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { XMLParser } from "fast-xml-parser";
import { readProofs } from "../test/programs/proof.ts";
import { disagreements, PROVEN_PAGE } from "./proven.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const only = process.argv.slice(2);
const reports = mkdtempSync(join(tmpdir(), "mailkey-test-"));

/** Real servers and programs on two busy cores: a hang is caught by each tool's own time-out long before this. */
const E2E_TIMEOUT_MS = 180_000;
const UNIT_TIMEOUT_MS = 30_000;

const MAIL_PROGRAMS = "mail programs";

const SUITES = [
  { name: "unit", paths: unitFolders(), artefact: undefined, timeoutMs: UNIT_TIMEOUT_MS },
  { name: "end to end, executable", paths: ["./test/e2e"], artefact: "dist/mailkey", timeoutMs: E2E_TIMEOUT_MS },
  { name: MAIL_PROGRAMS, paths: ["./test/programs"], artefact: "dist/mailkey", timeoutMs: E2E_TIMEOUT_MS },
  { name: "end to end, Node", paths: ["./test/e2e"], artefact: "dist/node/mailkey", timeoutMs: E2E_TIMEOUT_MS },
];

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
let broken = false;
for (const suite of SUITES) {
  if (only.length > 0 && !only.some((word) => suite.name.includes(word))) continue;
  process.stdout.write(`\n== ${suite.name}\n`);
  const report = join(reports, `${suite.name}.xml`);
  const args = [
    "test",
    "--only-failures",
    "--parallel=2",
    `--timeout=${suite.timeoutMs}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...suite.paths,
  ];
  const proofs = join(reports, "proofs");
  const env = {
    ...process.env,
    MAILKEY_PROOFS: proofs,
    ...(suite.artefact === undefined ? {} : { MAILKEY_ARTEFACT: join(root, suite.artefact) }),
  };
  const started = performance.now();
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: ["ignore", 1, 1] });
  const counts = readCounts(report);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  if (suite.name === MAIL_PROGRAMS && counts.failed + counts.skipped === 0) broken ||= !agreesWithTable(proofs);
  broken ||= (status !== 0 && counts.failed === 0) || counts.passed === 0;
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(
    `${suite.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s\n`,
  );
}
rmSync(reports, { recursive: true, force: true });
const lacking = process.env["CI"] === "true" && total.skipped > 0;
if (lacking) process.stdout.write("with CI=true nothing may be skipped\n");
if (broken) process.stdout.write("a suite broke off, ran no test, or showed other than docs/proven.md says\n");
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(broken || lacking || total.failed > 0 ? 1 : 0);

/** Nothing failed and nothing was skipped: then the table says exactly what was shown. */
function agreesWithTable(proofs: string): boolean {
  const problems = disagreements(readFileSync(PROVEN_PAGE, "utf8"), readProofs(proofs));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (problems.length > 0) process.stdout.write("npm run proven writes the table anew\n");
  return problems.length === 0;
}

function unitFolders(): string[] {
  const others = new Set(["e2e", "programs", "support"]);
  return readdirSync(join(root, "test"))
    .filter((name) => !others.has(name))
    .map((name) => `./test/${name}`);
}

function readCounts(path: string): Counts {
  try {
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" });
    const { testsuites } = parser.parse(readFileSync(path, "utf8")) as { testsuites: Record<string, string> };
    const [tests, failed, skipped] = ["tests", "failures", "skipped"].map((name) => Number(testsuites[name] ?? 0)) as [
      number,
      number,
      number,
    ];
    return { passed: tests - failed - skipped, failed, skipped };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
