/** Dummies, which every local client may know. A presigned POST has to be signed with them; nothing else is checked. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/**
 * The variables that point the AWS SDKs and the AWS CLI at a local server, for child processes and tests.
 *
 * An S3 client needs no `forcePathStyle`: for an endpoint with an IP address the SDK takes path style by itself.
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
    // Whatever the developer's own shell has set would come first.
    AWS_PROFILE: '',
    AWS_SESSION_TOKEN: '',
    AWS_ENDPOINT_URL_S3: '',
    AWS_ENDPOINT_URL_SQS: '',
  }
}
