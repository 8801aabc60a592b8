/**
 * The variables that point the AWS SDKs and the AWS CLI at a local server, for child processes and tests.
 * The credentials are dummies: the local server checks no signature.
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
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    // Whatever the developer's own shell has set would come first.
    AWS_PROFILE: '',
    AWS_SESSION_TOKEN: '',
    AWS_ENDPOINT_URL_S3: '',
    AWS_ENDPOINT_URL_SQS: '',
  }
}
