import protobuf from "protobufjs";
import { InvalidInputError } from "../../common/errors.js";

/** What a conversion needs of a SentencePiece model file. */
export interface SentencePieceModel {
  readonly pieces: readonly SentencePiece[];
  /** Whether pieces are merged by rank (BPE), the only way llama.cpp applies such a vocabulary. */
  readonly isBytePair: boolean;
}

export interface SentencePiece {
  readonly text: string;
  readonly score: number;
  /** 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  readonly type: number;
}

/** The fields this package reads, by their numbers in SentencePiece's model format; the decoder skips all others. */
const { ModelProto } = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        pieces: { rule: "repeated", type: "Piece", id: 1 },
        trainer: { type: "Trainer", id: 2 }
      }
    },
    Piece: {
      fields: {
        text: { type: "string", id: 1 },
        score: { type: "float", id: 2 },
        type: { type: "int32", id: 3, options: { default: 1 } }
      }
    },
    Trainer: { fields: { modelType: { type: "int32", id: 3, options: { default: 1 } } } }
  }
}) as unknown as { ModelProto: protobuf.Type };

const BYTE_PAIR_MODEL = 2;
const LARGEST_PIECE_TYPE = 6;

/**
 * Decodes a SentencePiece model.
 *
 * @param bytes the whole file
 * @param file its path, for errors
 * @throws {InvalidInputError} the bytes are not a SentencePiece model
 */
export function readSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  let decoded: { pieces?: SentencePiece[]; trainer?: { modelType: number } };
  try {
    decoded = ModelProto.decode(bytes) as unknown as typeof decoded;
  } catch (error) {
    throw new InvalidInputError(`${file} is not a SentencePiece model`, { cause: error });
  }
  const pieces = (decoded.pieces ?? []).map(({ text, score, type }) => ({ text, score, type }));
  if (pieces.length === 0) throw new InvalidInputError(`${file} is not a SentencePiece model: it has no pieces`);
  const odd = pieces.findIndex(({ score, type }) => !Number.isFinite(score) || type < 1 || type > LARGEST_PIECE_TYPE);
  if (odd !== -1) throw new InvalidInputError(`${file} is damaged: piece ${odd} has no valid score or type`);
  return { pieces, isBytePair: decoded.trainer?.modelType === BYTE_PAIR_MODEL };
}
