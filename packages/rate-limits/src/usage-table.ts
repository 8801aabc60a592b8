import type { DynamoDBClient, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import type { Sums } from './windows.ts'

/** Where usage is added up. */
export interface UsageTable {
  /** Adds to counters of an item, deletes others, and returns all that it has then. One write, however many counters there are. */
  add(key: string, amounts: Sums, past: readonly string[], expiresAt: Date): Promise<Sums>
  close(): void
}

/** The table of a stage. The image processor's template creates it. */
export function usageTableName(stage: string): string {
  return `darkroom-${stage}-usage`
}

/** DynamoDB answers in milliseconds; nobody waits for limits for longer than this. */
const TIMEOUT_MS = 500

/** Opens no connection yet, and loads the SDK with the first call: apps without limits do not need it. */
export function openUsageTable(name: string, timeoutMs = TIMEOUT_MS): UsageTable {
  let opened: Promise<{ send: (input: UpdateItemCommandInput) => Promise<Sums>; client: DynamoDBClient }>
  const open = async () => {
    const { DynamoDBClient, UpdateItemCommand } = await import('@aws-sdk/client-dynamodb')
    const requestHandler = {
      connectionTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    }
    const client = new DynamoDBClient({ maxAttempts: 2, requestHandler })
    const send = async (input: UpdateItemCommandInput) => {
      const { Attributes = {} } = await client.send(new UpdateItemCommand(input))
      const sums = Object.entries(Attributes).map(([counter, { N }]) => [counter, Number(N)])
      return Object.fromEntries(sums.filter(([, sum]) => !Number.isNaN(sum))) as Sums
    }
    return { client, send }
  }
  return {
    async add(key, amounts, past, expiresAt) {
      opened ??= open()
      const { send } = await opened
      return send(updateOf(name, key, amounts, past, expiresAt))
    },
    close() {
      void opened?.then(({ client }) => client.destroy())
    },
  }
}

/** `SET #expires = :expires ADD #0 :0, #1 :1 REMOVE #2` */
function updateOf(
  TableName: string,
  key: string,
  amounts: Sums,
  past: readonly string[],
  expiresAt: Date,
): UpdateItemCommandInput {
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
