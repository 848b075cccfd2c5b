/** One file that the native build reads, by content. */
export interface InputFile {
  /** Path relative to the folder it comes from, with `/` between the parts. */
  readonly path: string;
  read(): Promise<Buffer>;
}
