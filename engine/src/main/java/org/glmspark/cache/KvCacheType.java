package org.glmspark.cache;

/// How cached keys and values are stored. They are rounded to this type before attention reads them.
public enum KvCacheType {
  FLOAT32,
  FLOAT16
}
