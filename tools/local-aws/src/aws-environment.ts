/** Dummy credentials. The signatures of presigned URLs and forms are checked against them. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/**
 * Environment variables that point the AWS SDKs and the AWS CLI to a local server, for child processes and tests.
 *
 * S3 clients do not need `forcePathStyle`: the SDK uses path style for an endpoint with an IP address.
 *
 * @param endpoint such as `http://127.0.0.1:4566`
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function awsEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    // Overrides values from the developer's shell.
    AWS_PROFILE: '',
    AWS_SESSION_TOKEN: '',
    AWS_ENDPOINT_URL_S3: '',
    AWS_ENDPOINT_URL_SQS: '',
    AWS_ENDPOINT_URL_SNS: '',
    AWS_ENDPOINT_URL_DYNAMODB: '',
  }
}
