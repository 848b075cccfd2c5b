import protobuf from "protobufjs";
import { InvalidInputError } from "../../common/errors.js";

/** What a conversion needs of a SentencePiece model file. */
export interface SentencePieceModel {
  /** The file, for errors. */
  readonly file: string;
  readonly pieces: readonly SentencePiece[];
  readonly algorithm: "unigram" | "BPE" | "word" | "character";
  /** What is done to a text before it is split. */
  readonly normalization: {
    /** Whether characters are replaced by a table, such as that of Unicode's normal form KC. */
    readonly replacesCharacters: boolean;
    readonly prefixesSpace: boolean;
    /** Whether runs of spaces become one, and those at the ends none. */
    readonly removesExtraSpaces: boolean;
    /** Whether spaces become U+2581. */
    readonly marksSpaces: boolean;
    /** Whether the space mark stands behind a word instead of in front of it. */
    readonly marksSpacesBehind: boolean;
  };
}

export interface SentencePiece {
  readonly text: string;
  readonly score: number;
  /** 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  readonly type: number;
}

/** A field with a default: one that is written as zero or false is that, not the default. */
const byDefault = (value: unknown): object => ({ default: value, features: { field_presence: "EXPLICIT" } });

/** The fields this package reads, by their numbers in SentencePiece's model format; the decoder skips all others. */
const { ModelProto } = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        pieces: { rule: "repeated", type: "Piece", id: 1 },
        trainer: { type: "Trainer", id: 2 },
        normalizer: { type: "Normalizer", id: 3 }
      }
    },
    Piece: {
      fields: {
        text: { type: "string", id: 1 },
        score: { type: "float", id: 2 },
        type: { type: "int32", id: 3, options: byDefault(1) }
      }
    },
    Trainer: {
      fields: {
        modelType: { type: "int32", id: 3, options: byDefault(1) },
        whitespaceAsSuffix: { type: "bool", id: 24 }
      }
    },
    Normalizer: {
      fields: {
        charsmap: { type: "bytes", id: 2 },
        addDummyPrefix: { type: "bool", id: 3, options: byDefault(true) },
        removeExtraWhitespaces: { type: "bool", id: 4, options: byDefault(true) },
        escapeWhitespaces: { type: "bool", id: 5, options: byDefault(true) }
      }
    }
  }
}) as unknown as { ModelProto: protobuf.Type };

/** As the format above decodes; absent messages are null. */
interface DecodedModel {
  readonly pieces: readonly SentencePiece[];
  readonly trainer: { readonly modelType: number; readonly whitespaceAsSuffix: boolean } | null;
  readonly normalizer: {
    readonly charsmap: Uint8Array;
    readonly addDummyPrefix: boolean;
    readonly removeExtraWhitespaces: boolean;
    readonly escapeWhitespaces: boolean;
  } | null;
}

/** Algorithms by their numbers in the format. */
const ALGORITHMS: Readonly<Record<number, SentencePieceModel["algorithm"]>> = {
  1: "unigram",
  2: "BPE",
  3: "word",
  4: "character"
};
const LARGEST_PIECE_TYPE = 6;

/**
 * Decodes a SentencePiece model.
 *
 * @param bytes the whole file
 * @param file its path, for errors
 * @throws {InvalidInputError} the bytes are not a SentencePiece model
 */
export function readSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  let decoded: DecodedModel;
  try {
    decoded = ModelProto.decode(bytes) as unknown as DecodedModel;
  } catch (error) {
    throw new InvalidInputError(`${file} is not a SentencePiece model`, { cause: error });
  }
  const pieces = decoded.pieces.map(({ text, score, type }) => ({ text, score, type }));
  if (pieces.length === 0) throw new InvalidInputError(`${file} is not a SentencePiece model: it has no pieces`);
  const odd = pieces.findIndex(({ score, type }) => !Number.isFinite(score) || type < 1 || type > LARGEST_PIECE_TYPE);
  if (odd !== -1) throw new InvalidInputError(`${file} is damaged: piece ${odd} has no valid score or type`);
  const unusable = pieces.findIndex(({ text }) => text === "" || text.includes("\0"));
  if (unusable !== -1) throw new InvalidInputError(`${file} is damaged: piece ${unusable} has no usable text`);
  const algorithm = ALGORITHMS[decoded.trainer?.modelType ?? 1];
  if (algorithm === undefined) throw new InvalidInputError(`${file} is of a kind that SentencePiece does not have`);
  const { normalizer } = decoded;
  return {
    file,
    pieces,
    algorithm,
    normalization: {
      replacesCharacters: (normalizer?.charsmap.length ?? 0) > 0,
      prefixesSpace: normalizer?.addDummyPrefix ?? true,
      removesExtraSpaces: normalizer?.removeExtraWhitespaces ?? true,
      marksSpaces: normalizer?.escapeWhitespaces ?? true,
      marksSpacesBehind: decoded.trainer?.whitespaceAsSuffix ?? false
    }
  };
}
