/** A patient with mail programs: a home whose configuration files work against the lab, and what a test breaks in them. */
import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeMailClients, type MailClients, type ProgramResult } from "../../lab/clients.ts";
import { obtainTokens } from "../../lab/token-client.ts";
import type { World } from "../../lab/world.ts";
import type { Finding, MachineCheck } from "../../src/doctor/check.ts";
import { only, Patient, type PatientOptions } from "./patient.ts";

export class MailHome {
  readonly patient: Patient;
  readonly clients: MailClients;
  readonly address: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(patient: Patient, world: World, helper: string, env: Readonly<Record<string, string>>) {
    this.patient = patient;
    this.address = world.address;
    this.#env = env;
    const tokenCommand = `${helper} token ${world.address}`;
    this.clients = writeMailClients({ world, home: patient.home, tokenCommand, environment: env, timeoutSeconds: 8 });
  }

  /** Everything works; a script stands in for mailkey, and prints a token that is good. */
  static async open(world: World, { env = {}, ...options }: PatientOptions = {}): Promise<MailHome> {
    const { accessToken, refreshToken } = await obtainTokens(world);
    const patient = await Patient.admit({
      world,
      credential: { refreshToken },
      env,
      mailkey: "@/bin/mailkey",
      ...options,
    });
    const helper = patient.write("bin/mailkey", `#!/bin/sh\nprintf '%s\\n' '${accessToken}'\n`, 0o700);
    return new MailHome(patient, world, helper, env);
  }

  path(name: string): string {
    return join(this.patient.home, name);
  }

  /** Replaces text in a file of the home; the text has to be there. */
  edit(name: string, from: string | RegExp, to: string): void {
    const before = readFileSync(this.path(name), "utf8");
    const after = before.replace(from, () => to);
    if (after === before) throw new Error(`${name} has no ${String(from)}`);
    writeFileSync(this.path(name), after);
  }

  async examine(...checks: readonly MachineCheck[]): Promise<Finding[]> {
    const found: Finding[] = [];
    for (const check of checks) found.push(...(await check.examine(this.patient.machine)));
    return found;
  }

  /** Types the commands of a finding into a shell. */
  async mend(finding: Finding): Promise<void> {
    if (finding.remedy.length === 0) throw new Error(`nothing can be typed: ${JSON.stringify(finding)}`);
    for (const line of finding.remedy) {
      const { status, stderr } = await this.shell(line);
      if (status !== 0) throw new Error(`${line}: ${stderr}`);
    }
  }

  /**
   * `run` fails with `words`, one finding of `checks` tells of it, and after its commands `run` succeeds and nothing is found any more.
   */
  async mended(
    checks: readonly MachineCheck[],
    run: () => Promise<ProgramResult>,
    words: string | RegExp,
  ): Promise<Finding> {
    const { status, stdout, stderr } = await run();
    expect(status).not.toBe(0);
    expect(stdout + stderr).toMatch(words);
    const finding = only(await this.examine(...checks));
    expect(finding.severity).toBe("error");
    await this.mend(finding);
    expect(await this.examine(...checks)).toEqual([]);
    const again = await run();
    if (again.status !== 0) throw new Error(again.stderr);
    return finding;
  }

  shell(line: string): Promise<ProgramResult> {
    return new Promise((resolve, reject) => {
      const child = spawn("/bin/sh", ["-c", line], {
        cwd: this.patient.home,
        env: { HOME: this.patient.home, PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", ...this.#env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject);
      child.on("close", (status) => resolve({ status: status ?? 1, stdout, stderr }));
    });
  }

  close(): void {
    this.patient.discharge();
  }
}
