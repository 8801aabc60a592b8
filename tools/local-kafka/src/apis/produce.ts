import { attempt, errorCodes, KafkaError } from '../wire/error-codes.ts'
import {
  array,
  int16,
  int32,
  int64,
  nullableBytes,
  nullableString,
  since,
  string,
  struct,
} from '../wire/types.ts'
import { defineApi, type RequestContext } from './api.ts'

/** Older versions use other record formats. Version 0 is offered, because librdkafka only compresses then. */
const MIN_PRODUCE_VERSION = 3

/** Appends one batch of records per partition. */
export const produce = defineApi({
  key: 0,
  versions: [0, 11],
  flexibleSince: 9,
  request: struct({
    transactionalId: since(3, nullableString, null),
    acks: int16,
    timeoutMs: int32,
    topics: array(
      struct({ name: string, partitions: array(struct({ index: int32, records: nullableBytes })) }),
    ),
  }),
  response: struct({
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            index: int32,
            errorCode: int16,
            baseOffset: int64,
            logAppendTimeMs: since(2, int64, -1),
            logStartOffset: since(5, int64, -1),
            recordErrors: since(8, array(struct({ batchIndex: int32, message: nullableString })), []),
            errorMessage: since(8, nullableString, null),
          }),
        ),
      }),
    ),
    throttleTimeMs: since(1, int32, 0),
  }),
  handle({ acks, topics }, context) {
    const answered = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, records }) => append(context, name, index, records)),
    }))
    return acks === 0 ? undefined : { topics: answered, throttleTimeMs: 0 }
  },
})

function append({ broker, version }: RequestContext, name: string, index: number, records: Buffer | null) {
  const appended = attempt(() => {
    if (version < MIN_PRODUCE_VERSION) throw new KafkaError('UNSUPPORTED_VERSION')
    const log = broker.topics.partition(broker.topics.find(name), index)
    const nowMs = Date.now()
    const baseOffset = log.append(records ?? Buffer.alloc(0), nowMs)
    const logAppendTimeMs = log.timestampType === 'LogAppendTime' ? nowMs : -1
    return { baseOffset, logAppendTimeMs, logStartOffset: log.startOffset }
  })
  return {
    index,
    errorCode: appended.errorCode,
    baseOffset: appended.result?.baseOffset ?? -1,
    logAppendTimeMs: appended.result?.logAppendTimeMs ?? -1,
    logStartOffset: appended.result?.logStartOffset ?? -1,
    recordErrors: [],
    errorMessage:
      appended.errorCode === errorCodes.MESSAGE_TOO_LARGE ? 'larger than the broker’s maxMessageBytes' : null,
  }
}
