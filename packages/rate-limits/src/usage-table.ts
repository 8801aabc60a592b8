import { openService } from '@darkroom/signed-requests'
import type { Sums } from './windows.ts'

/** Where usage is added up. */
export interface UsageTable {
  /** Adds to counters of an item, deletes others, and returns all that it has then. One write, however many counters there are. */
  add(key: string, amounts: Sums, past: readonly string[], expiresAt: Date): Promise<Sums>
}

/** The table of a stage. The image processor's template creates it. */
export function usageTableName(stage: string): string {
  return `darkroom-${stage}-usage`
}

/** DynamoDB answers in milliseconds; nobody waits for limits for longer than this. */
const TIMEOUT_MS = 500

/**
 * Sends its requests without DynamoDB's client, which is larger than all of the rest of a function
 * (decisions/0075-what-the-api-functions-load.md).
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 */
export function openUsageTable(name: string, timeoutMs = TIMEOUT_MS): UsageTable {
  const dynamodb = openService('dynamodb')
  const url = `${dynamodb.server ?? `https://${dynamodb.host}`}/`
  return {
    async add(key, amounts, past, expiresAt) {
      const { status, text } = await dynamodb.send(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'DynamoDB_20120810.UpdateItem',
        },
        body: JSON.stringify(updateOf(name, key, amounts, past, expiresAt)),
        timeoutMs,
      })
      if (status !== 200) throw errorOf(status, text)
      const { Attributes = {} } = JSON.parse(text) as { Attributes?: Item }
      const sums = Object.entries(Attributes).map(([counter, { N }]) => [counter, Number(N)])
      return Object.fromEntries(sums.filter(([, sum]) => !Number.isNaN(sum))) as Sums
    },
  }
}

/** An item of DynamoDB: a number is `{"N": "1"}`. */
type Item = Record<string, { N?: string; S?: string }>

/** `{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "…"}` */
function errorOf(status: number, text: string): Error {
  const [, name = `Status ${status}`] = /"__type"\s*:\s*"[^"]*?([A-Za-z]+)"/.exec(text) ?? []
  return Object.assign(new Error(`DynamoDB answered ${status}: ${text}`), { name })
}

/** `SET #expires = :expires ADD #0 :0, #1 :1 REMOVE #2` */
function updateOf(TableName: string, key: string, amounts: Sums, past: readonly string[], expiresAt: Date) {
  const added = Object.entries(amounts)
  const names = [...added.map(([counter]) => counter), ...past]
  const adding = added.map((_, index) => `#${index} :${index}`).join(', ')
  const removing = past.map((_, index) => `#${added.length + index}`).join(', ')
  return {
    TableName,
    Key: { key: { S: key } },
    UpdateExpression: `SET #expires = :expires ADD ${adding}${removing && ` REMOVE ${removing}`}`,
    ExpressionAttributeNames: {
      '#expires': 'expiresAt',
      ...Object.fromEntries(names.map((counter, index) => [`#${index}`, counter])),
    },
    ExpressionAttributeValues: {
      ':expires': { N: String(Math.ceil(expiresAt.getTime() / 1000)) },
      ...Object.fromEntries(added.map(([, amount], index) => [`:${index}`, { N: String(amount) }])),
    },
    ReturnValues: 'ALL_NEW',
  }
}

/** Whether DynamoDB refused a write because the item has too many. */
export function isThrottled(error: unknown): boolean {
  return /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded/.test((error as Error).name)
}
