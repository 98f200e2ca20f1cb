/** Decrypts the file named by the second argument with the key named by the first, as a program on a terminal would. */
import { readFileSync } from "node:fs";
import { gpgCipher, gpgProgram } from "../../src/vault/gpg.ts";

const [recipient = "", file = ""] = process.argv.slice(2);
const plaintext = await gpgCipher({ gpg: gpgProgram(process.env), recipient }).decrypt(readFileSync(file));
process.stdout.write(`decrypted ${plaintext.length}\n`);
