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

/** librdkafka takes the compressions it may use from version 0 being offered; before 3 there were other formats. */
const FIRST_OF_THIS_FORMAT = 3

/** One batch of records for each partition. */
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
  answer({ acks, topics }, context) {
    const answered = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, records }) => append(context, name, index, records)),
    }))
    return acks === 0 ? undefined : { topics: answered, throttleTimeMs: 0 }
  },
})

function append({ broker, version }: RequestContext, name: string, index: number, records: Buffer | null) {
  const outcome = attempt(() => {
    if (version < FIRST_OF_THIS_FORMAT) throw new KafkaError('UNSUPPORTED_VERSION')
    const log = broker.topics.partition(broker.topics.find(name), index)
    return { baseOffset: log.append(records ?? Buffer.alloc(0)), logStartOffset: log.startOffset }
  })
  return {
    index,
    errorCode: outcome.errorCode,
    baseOffset: outcome.result?.baseOffset ?? -1,
    logAppendTimeMs: -1,
    logStartOffset: outcome.result?.logStartOffset ?? -1,
    recordErrors: [],
    errorMessage:
      outcome.errorCode === errorCodes.MESSAGE_TOO_LARGE ? 'larger than the broker’s maxMessageBytes' : null,
  }
}
