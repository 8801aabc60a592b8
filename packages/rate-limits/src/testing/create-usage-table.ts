import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { usageTableName } from '../usage-table.ts'

/** Creates the table of a stage in the server that the AWS variables of the environment name, as the template does. */
export async function createUsageTable(stage: string): Promise<void> {
  const client = new DynamoDBClient({})
  await client.send(
    new CreateTableCommand({
      TableName: usageTableName(stage),
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
    }),
  )
  client.destroy()
}
