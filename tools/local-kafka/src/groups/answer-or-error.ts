import { type ErrorCode, errorCodes, KafkaError } from '../wire/error-codes.ts'

/** For requests that wait for other members: what they give, or the code of the KafkaError they throw. */
export async function answerOrError<T>(
  action: () => Promise<T> | T,
): Promise<{ errorCode: ErrorCode; result?: T }> {
  try {
    return { errorCode: errorCodes.NONE, result: await action() }
  } catch (error) {
    if (error instanceof KafkaError) return { errorCode: error.code }
    throw error
  }
}
