/** Holds the secret that comes on standard input, as a program that hardens itself or not, says so, and stays. */
import { hardenProcess } from "../../src/platform/harden.ts";
import { openLibc } from "../../src/platform/libc.ts";
import { SecretMemory } from "../../src/platform/secret-memory.ts";
import { readStdinBytes } from "../../src/platform/stdio.ts";

const libc = await openLibc();
if (process.argv[2] === "hardened") hardenProcess(libc);
const secret = await readStdinBytes();
const kept = new SecretMemory(libc).keep(Uint8Array.from(secret));
process.stdout.write("held\n");
setInterval(() => [kept, secret], 60_000); // in pages of its own, and in ordinary memory
