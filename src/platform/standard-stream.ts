/**
 * Standard input and output as one stream, whatever they are: pipes, the two ends of one socket, a terminal. Each is as fast as the other side
 * takes it.
 *
 * Its end is not handed on to standard output: only the end of the process closes that everywhere.
 */
import { Duplex } from "node:stream";

export class StandardStream extends Duplex {
  constructor() {
    super();
    const fail = (error: Error) => this.destroy(error);
    process.stdout.on("error", fail);
    process.stdin
      .on("error", fail)
      .on("data", (bytes: Buffer) => {
        if (!this.push(bytes)) process.stdin.pause();
      })
      .on("end", () => this.push(null))
      .pause();
  }

  override _read(): void {
    process.stdin.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    process.stdout.write(bytes, done);
  }
}
