/** The error codes that this broker uses: https://kafka.apache.org/protocol#protocol_error_codes */
export const errorCodes = {
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  INVALID_TOPIC_EXCEPTION: 17,
  ILLEGAL_GENERATION: 22,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_CONFIG: 40,
  INVALID_REQUEST: 42,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  KAFKA_STORAGE_ERROR: 56,
  MEMBER_ID_REQUIRED: 79,
  UNKNOWN_TOPIC_ID: 100,
} as const

export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes]

/** An error other than NONE. Request handlers put its code into the response. */
export class KafkaError extends Error {
  readonly code: ErrorCode

  constructor(name: keyof typeof errorCodes) {
    super(name)
    this.name = 'KafkaError'
    this.code = errorCodes[name]
  }
}

/** Returns the result of `action`, or the code of the KafkaError it throws. */
export function attempt<T>(
  action: () => T,
): { errorCode: 0; result: T } | { errorCode: ErrorCode; result?: never } {
  try {
    return { errorCode: errorCodes.NONE, result: action() }
  } catch (error) {
    if (error instanceof KafkaError) return { errorCode: error.code }
    throw error
  }
}

/** Like `attempt`, for requests that wait for other members. */
export async function attemptAsync<T>(
  action: () => Promise<T> | T,
): Promise<{ errorCode: ErrorCode; result?: T }> {
  try {
    return { errorCode: errorCodes.NONE, result: await action() }
  } catch (error) {
    if (error instanceof KafkaError) return { errorCode: error.code }
    throw error
  }
}
