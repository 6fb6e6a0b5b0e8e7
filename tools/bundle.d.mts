export declare const checkoutBundle: string;
export declare function bundle(folder: string, external?: readonly string[]): Promise<void>;
export declare function bundleCheckout(): Promise<void>;
