/** What a run's version says of the peer; one package, one version. */
export const VERSION = '0.1.0';
