import { CreateTableCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, expect, test } from '@jest/globals'
import { awsEnvironment } from './aws-environment.ts'
import { startLocalAws } from './start-local-aws.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
const dynamodb = new DynamoDBClient({})
const s3 = new S3Client({})
afterAll(async () => {
  for (const client of [dynamodb, s3]) client.destroy()
  await aws.stop()
})

test('adds parallel updates up in a table, beside S3', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'beside' }))
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'sums',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
    }),
  )
  const add = new UpdateItemCommand({
    TableName: 'sums',
    Key: { key: { S: 'shop' } },
    UpdateExpression: 'ADD #a :a',
    ExpressionAttributeNames: { '#a': 'requests:10000:1' },
    ExpressionAttributeValues: { ':a': { N: '1' } },
    ReturnValues: 'ALL_NEW',
  })
  const sums = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { Attributes } = await dynamodb.send(add)
      return Number(Attributes?.['requests:10000:1']?.N)
    }),
  )
  expect(sums.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
})

test('names an error as AWS does', async () => {
  const missing = new UpdateItemCommand({ TableName: 'none', Key: { key: { S: 'shop' } } })
  await expect(dynamodb.send(missing)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})
