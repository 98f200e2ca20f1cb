/** What the kernel says of a process, over time. */
import { readdirSync, readFileSync } from "node:fs";

export interface Vitals {
  readonly descriptors: number;
  readonly residentMb: number;
  readonly threads: number;
}

export function vitals(pid: number): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    residentMb: field("VmRSS") / 1024,
    threads: field("Threads"),
  };
}

export function vitalsText({ descriptors, residentMb, threads }: Vitals): string {
  return `${descriptors} descriptors, ${residentMb.toFixed(0)} MB, ${threads} threads`;
}
