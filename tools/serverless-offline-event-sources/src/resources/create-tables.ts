import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb'
import * as z from 'zod'
import type { Resource } from '../template.ts'
import type { ResourceContext } from './resource.ts'
import { parseResource } from './resource.ts'

/** The properties of CloudFormation that CreateTable has as well. Times to live, indexes and throughput are not applied. */
const TableProperties = z.object({
  TableName: z.string(),
  BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).optional(),
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
})

/** Creates the tables by name. One that exists is kept as it is. */
export async function createTables(
  resources: Resource[],
  { region, resolve, log }: ResourceContext,
): Promise<void> {
  const client = new DynamoDBClient({ region })
  try {
    const tables = resources.map(({ Type, Properties }) =>
      parseResource(TableProperties, resolve(Properties), Type),
    )
    for (const table of tables) await createOnce(client, table)
    log.info(`Tables are ready: ${tables.map(({ TableName }) => TableName).join(', ')}`)
  } finally {
    client.destroy()
  }
}

async function createOnce(client: DynamoDBClient, table: CreateTableCommandInput): Promise<void> {
  try {
    await client.send(new CreateTableCommand(table))
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error
  }
}
