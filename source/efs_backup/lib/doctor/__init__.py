"""Facts for the doctor, gathered from the services of AWS: nothing here changes anything."""
