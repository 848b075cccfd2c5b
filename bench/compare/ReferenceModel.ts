/** The unquantized model that all others are made from and held against. */
export interface ReferenceModel {
  readonly file: string;
  readonly sha256: string;
}
