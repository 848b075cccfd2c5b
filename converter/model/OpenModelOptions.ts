/** What a user can say about a model to convert. */
export interface OpenModelOptions {
  /** llama.cpp's name of the BPE pre-tokenizer, to use instead of what the model says. */
  readonly preTokenizer?: string | undefined;
  /** Called with one sentence for each thing the conversion cannot keep. */
  readonly warn: (message: string) => void;
}
