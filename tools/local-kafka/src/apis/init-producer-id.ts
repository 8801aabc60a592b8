import { errorCodes } from '../wire/error-codes.ts'
import { int16, int32, int64, nullableString, since, struct } from '../wire/types.ts'
import { defineApi } from './api.ts'

/** Returns an id for an idempotent producer. Transactions are not supported. */
export const initProducerId = defineApi({
  key: 22,
  versions: [0, 4],
  flexibleSince: 2,
  request: struct({
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: since(3, int64, -1),
    producerEpoch: since(3, int16, -1),
  }),
  response: struct({ throttleTimeMs: int32, errorCode: int16, producerId: int64, producerEpoch: int16 }),
  handle({ transactionalId }, { broker }) {
    if (transactionalId !== null) {
      return { throttleTimeMs: 0, errorCode: errorCodes.INVALID_REQUEST, producerId: -1, producerEpoch: -1 }
    }
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      producerId: broker.state.newProducerId(),
      producerEpoch: 0,
    }
  },
})
