import { dynalite } from "./dynalite.ts";
import { dynamodbLocalInMemory, dynamodbLocalOnDisk } from "./dynamodb-local.ts";
import { echo } from "./echo.ts";
import { ministack } from "./ministack.ts";
import { moto } from "./moto.ts";
import type { Server } from "./server.ts";
import { tule } from "./tule.ts";

export const servers: readonly Server[] = [
  echo,
  tule,
  dynamodbLocalOnDisk,
  dynamodbLocalInMemory,
  dynalite,
  ministack,
  moto,
];
